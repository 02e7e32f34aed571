// Pending<T>: an operation that takes the event loop of a browser, and its outcome in three ways.
//
//   SqlitePool::Open(options).Then([](Result<SqlitePool> pool) { ... });   // a callback
//   Result<SqlitePool> pool = co_await SqlitePool::Open(options);          // in a coroutine
//   Result<SqlitePool> pool = SqlitePool::Open(options).Wait();            // blocking
//
// Nothing happens until one of the three is asked for, once. Natively each is done when it returns.
// In a browser a callback and a coroutine go on from the event loop of the worker that began;
// Wait() needs a build with Asyncify or JSPI (emcc -sASYNCIFY or -sJSPI), and with JSPI to be
// called by main() or another export of -sJSPI_EXPORTS, not by a callback or coroutine that goes
// on; else it is a kUnsupported.
//
// Threads: the callback and the rest of the coroutine run in the thread that began.
// Ownership: what Then() is given is kept until it was called. A coroutine must not be destroyed
// while it waits. Errors: in the Result; with exceptions turned off nothing here needs them.
#ifndef SAHPOOL_PENDING_H_
#define SAHPOOL_PENDING_H_

#if __has_include(<coroutine>)
#include <coroutine>
#else
#include <experimental/coroutine>
#endif
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "sahpool/sahpool.h"
#include "sahpool/status.h"

namespace sahpool {

// The standard's coroutine types, which Emscripten before 3.1.10 has in std::experimental.
#if __has_include(<coroutine>)
namespace coroutines = std;
#else
namespace coroutines = std::experimental;
#endif

// Whether Wait() can block here: natively always, in a browser when the build allows it.
bool CanWait();

// Lets a browser's event loop run for a moment; does nothing natively. Only where CanWait().
void YieldToEventLoop();

// The Status of an outcome of the C ABI.
Status StatusOf(const sahpool_outcome& outcome);

template <typename T>
class [[nodiscard]] Pending {
 public:
  // `begin` begins the operation, `finish` makes the result of its outcome.
  using Begin = std::function<void(sahpool_callback callback, void* context)>;
  using Finish = Result<T> (*)(const sahpool_outcome& outcome);

  Pending(Begin begin, Finish finish) : begin_(std::move(begin)), finish_(finish) {}
  Pending(const Pending&) = delete;
  Pending& operator=(const Pending&) = delete;

  // Begins, and calls `callback(Result<T>)` with the outcome.
  template <typename Callback>
  void Then(Callback callback) {
    struct Waiting {
      Finish finish;
      Callback callback;
    };
    begin_(
        [](void* context, const sahpool_outcome* outcome) {
          const std::unique_ptr<Waiting> waiting(static_cast<Waiting*>(context));
          waiting->callback(waiting->finish(*outcome));
        },
        new Waiting{finish_, std::move(callback)});
  }

  // Begins, and returns the outcome.
  Result<T> Wait() {
    if (!CanWait()) {
      return Status(Code::kUnsupported,
                    "can't block for the event loop: that takes a build with Asyncify, or one with "
                    "JSPI and no callback or coroutine");
    }
    begin_(Store, this);
    while (!result_) YieldToEventLoop();
    return std::move(*result_);
  }

  // For co_await.
  bool await_ready() const noexcept { return false; }
  bool await_suspend(coroutines::coroutine_handle<> waiting) {
    begin_(Store, this);
    if (result_) return false;
    waiting_ = waiting;
    return true;
  }
  Result<T> await_resume() { return std::move(*result_); }

 private:
  static void Store(void* context, const sahpool_outcome* outcome) {
    auto& self = *static_cast<Pending*>(context);
    self.result_.emplace(self.finish_(*outcome));
    if (self.waiting_) self.waiting_.resume();
  }

  Begin begin_;
  Finish finish_;
  std::optional<Result<T>> result_;
  coroutines::coroutine_handle<> waiting_ = nullptr;
};

}  // namespace sahpool

#endif  // SAHPOOL_PENDING_H_
