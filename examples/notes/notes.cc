// A notebook: a program over the plain SQLite C API whose database lives in a pool. The same source
// runs natively, in a browser's worker, and with threads, where main() is on one.
//
//   notes [DIRECTORY]
//
// Each run brings the schema up to date, writes a few notes in one transaction, gives up another,
// searches the text, and says what is there; the next run finds it all again.

#include <sahpool/sqlite_pool.h>
#include <sqlite3.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#ifdef __EMSCRIPTEN__
#include <emscripten.h>
#endif

namespace {

// Each step takes the schema from the version that is its place to the next.
constexpr const char* kMigrations[] = {
    "CREATE TABLE note(id INTEGER PRIMARY KEY, title TEXT NOT NULL, body TEXT NOT NULL)",
    "CREATE VIRTUAL TABLE note_text USING fts5(title, body, content=note, content_rowid=id);"
    "CREATE TRIGGER note_added AFTER INSERT ON note BEGIN"
    "  INSERT INTO note_text(rowid, title, body) VALUES(new.id, new.title, new.body);"
    "END",
};

class Notebook {
 public:
  explicit Notebook(const char* name) { Check(sqlite3_open(name, &db_)); }
  ~Notebook() { sqlite3_close(db_); }
  Notebook(const Notebook&) = delete;
  Notebook& operator=(const Notebook&) = delete;

  void Migrate() {
    constexpr int kVersion = sizeof kMigrations / sizeof kMigrations[0];
    for (int version = Number("PRAGMA user_version"); version < kVersion; ++version) {
      std::printf("migrating to version %d\n", version + 1);
      Execute("BEGIN IMMEDIATE");
      Execute(kMigrations[version]);
      Execute("PRAGMA user_version = " + std::to_string(version + 1));
      Execute("COMMIT");
    }
  }

  void Add(const char* title, const char* body) {
    sqlite3_stmt* const insert = Prepare("INSERT INTO note(title, body) VALUES(?, ?)");
    sqlite3_bind_text(insert, 1, title, -1, SQLITE_STATIC);
    sqlite3_bind_text(insert, 2, body, -1, SQLITE_STATIC);
    sqlite3_step(insert);
    Check(sqlite3_finalize(insert));
  }

  int Search(const char* words) {
    sqlite3_stmt* const search = Prepare("SELECT count(*) FROM note_text WHERE note_text MATCH ?");
    sqlite3_bind_text(search, 1, words, -1, SQLITE_STATIC);
    sqlite3_step(search);
    const int found = sqlite3_column_int(search, 0);
    Check(sqlite3_finalize(search));
    return found;
  }

  int Number(const char* sql) {
    sqlite3_stmt* const query = Prepare(sql);
    sqlite3_step(query);
    const int number = sqlite3_column_int(query, 0);
    Check(sqlite3_finalize(query));
    return number;
  }

  void Execute(const std::string& sql) {
    Check(sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr));
  }

 private:
  sqlite3_stmt* Prepare(const char* sql) {
    sqlite3_stmt* statement = nullptr;
    Check(sqlite3_prepare_v2(db_, sql, -1, &statement, nullptr));
    return statement;
  }

  void Check(int code) {
    if (code == SQLITE_OK) return;
    std::printf("SQLite %d: %s\n", code, sqlite3_errmsg(db_));
    std::exit(1);
  }

  sqlite3* db_ = nullptr;
};

void UseNotebook() {
  std::printf("SQLite %s\n", sqlite3_libversion());
  Notebook notebook("notes.db");
  notebook.Migrate();

  notebook.Execute("BEGIN");
  notebook.Add("Shopping", "Bread, butter and a lemon");
  notebook.Add("Reading", "The history of the lemon tree");
  notebook.Execute("COMMIT");

  notebook.Execute("BEGIN");
  notebook.Add("Never mind", "No lemon at all");
  notebook.Execute("ROLLBACK");

  std::printf("notes: %d\n", notebook.Number("SELECT count(*) FROM note"));
  std::printf("about lemons: %d\n", notebook.Search("lemon"));
  std::printf("about trees: %d\n", notebook.Search("tree history"));
}

// The pool stays open for as long as the program runs.
sahpool::SqlitePool pool;

// A coroutine that nobody waits for.
struct Detached {
  struct promise_type {
    Detached get_return_object() { return {}; }
    sahpool::coroutines::suspend_never initial_suspend() noexcept { return {}; }
    sahpool::coroutines::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() {}
  };
};

Detached Run(std::string directory) {
  sahpool::PoolOptions options;
  options.vfs_name = "notes";
  options.directory = directory;
  options.make_default = true;
  auto opened = co_await sahpool::SqlitePool::Open(options);
  if (!opened.ok()) {
    std::printf("no pool: %s\n", opened.status().c_str());
    co_return;
  }
  pool = std::move(opened.value());
  UseNotebook();

  // The same with a callback in place of co_await.
  pool.ReserveCapacity(8).Then([](const sahpool::Result<int>& capacity) {
    std::printf("slots: %d\n", capacity.ok() ? capacity.value() : -1);
    std::printf("end\n");
  });
}

}  // namespace

int main(int argc, char** argv) {
  Run(argc > 1 ? argv[1] : "notes");
#ifdef __EMSCRIPTEN__
  // What is under way goes on when main() has ended.
  emscripten_exit_with_live_runtime();
#endif
}
