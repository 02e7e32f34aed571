// The pools, transfers and connections that one input of the ABI's fuzz target makes, and the calls
// on them.
//
// Threads: one; one Session at a time, because it is the host of all. Errors: GoogleTest's.
#ifndef SAHPOOL_TESTS_FUZZ_ABI_SESSION_H_
#define SAHPOOL_TESTS_FUZZ_ABI_SESSION_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "abi_host.h"
#include "fuzz_input.h"
#include "sql_connection.h"

namespace sahpool::fuzz {

struct PoolUnderTest {
  sahpool_pool* pool;
  std::string vfs_name;
  std::vector<int> handles = {};
  bool is_started = false;
};

struct ImportUnderTest {
  sahpool_import* import;
  sahpool_pool* pool;
  std::string name;
  Bytes bytes = {};
  bool was_refused = false;
};

struct ExportUnderTest {
  sahpool_export* exported;
  sahpool_pool* pool;
};

class Session {
 public:
  explicit Session(FuzzedDataProvider& input) : input_(input) {}
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Makes one call, of those that the ABI allows now.
  void Step();

 private:
  // The calls, by what they are about; each of them one call, or what the ABI asks to be called
  // without a break.
  void CallAboutHost();
  void CallAboutSlots(PoolUnderTest& under_test);
  void CallAboutNames(const PoolUnderTest& under_test);
  void CallAboutQuarantine(sahpool_pool* pool);
  void CallAboutImports(sahpool_pool* pool);
  void CallAboutExports(sahpool_pool* pool);
  void CallAboutSql(PoolUnderTest& under_test);

  void Create();
  void Destroy(PoolUnderTest& under_test);
  void Attach(PoolUnderTest& under_test);
  void DetachAll(PoolUnderTest& under_test);
  void FinishImport(std::size_t index, bool aborts);
  void ExpectExportGives(const ImportUnderTest& import);

  // That it is one that the ABI may give, and that an error has a text; gives the code back.
  static int Check(sahpool_pool* pool, int code);
  void CheckCounts(const PoolUnderTest& under_test) const;
  template <typename Vector>
  std::size_t TakeIndex(const Vector& items) {
    return input_.ConsumeIntegralInRange<std::size_t>(0, items.size() - 1);
  }

  FuzzedDataProvider& input_;
  AbiHost host_;
  // The host has neither failed nor miscounted; what it once did can show much later.
  bool is_sound_ = true;
  std::vector<std::unique_ptr<PoolUnderTest>> pools_;
  std::vector<ImportUnderTest> imports_;
  std::vector<ExportUnderTest> exports_;
  std::vector<std::unique_ptr<testing::Connection>> connections_;
};

}  // namespace sahpool::fuzz

#endif  // SAHPOOL_TESTS_FUZZ_ABI_SESSION_H_
