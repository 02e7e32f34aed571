#include "scenes.h"

#include <cstdint>
#include <initializer_list>
#include <utility>

namespace sahpool::testing {
namespace {

// What is chosen by `a`, as the operations take it.
constexpr std::uint32_t kDeferred = 0;     // of kBegin
constexpr std::uint32_t kInDelete = 0;     // of kJournalMode
constexpr std::uint32_t kInTruncate = 1;   // of kJournalMode
constexpr std::uint32_t kInWal = 3;        // of kJournalMode
constexpr std::uint32_t kTruncating = 3;   // of kCheckpoint
constexpr std::uint32_t kInTheMiddle = 1;  // of kKill
constexpr std::uint32_t kAttached = 0;     // of kOpen
constexpr std::uint32_t kAlone = 1;        // of kOpen
constexpr std::uint32_t kNormal = 0;       // of kSynchronous

// Writes a scene about one database, one connection and the other one.
class SceneWriter {
 public:
  explicit SceneWriter(Random& random)
      : random_(random),
        database_(random.Below(kDatabaseCount)),
        one_(random.Below(kConnectionCount)),
        other_(1 - one_) {}

  std::size_t one() const { return one_; }
  std::size_t other() const { return other_; }

  void Add(Action action, std::size_t connection) { Add(action, connection, Draw()); }
  void Add(Action action, std::size_t connection, std::uint32_t a) {
    operations_.push_back({action, connection, database_, a, Draw(), Draw()});
  }
  // What follows is about the other database.
  void TurnToOtherDatabase() { database_ = 1 - database_; }
  void AddEach(std::initializer_list<Action> actions) {
    for (const Action action : actions) Add(action, one_);
  }

  std::vector<Operation> Finish() { return std::move(operations_); }

 private:
  std::uint32_t Draw() { return static_cast<std::uint32_t>(random_.Below(1U << 31)); }

  Random& random_;
  std::size_t database_;
  std::size_t one_;
  std::size_t other_;
  std::vector<Operation> operations_;
};

// What was committed lies in a journal or a WAL that a killed process has left.
void ReplaceWhatWasKilled(SceneWriter& scene) {
  scene.AddEach({Action::kOpen, Action::kInsert, Action::kInsert});
  scene.Add(Action::kKill, scene.one(), kInTheMiddle);
  scene.AddEach({Action::kImport, Action::kRead});
}

// A slot is removed of which only what can be seen is free, and comes back.
void RemoveWhatWasKilled(SceneWriter& scene) {
  scene.Add(Action::kOpen, scene.one());
  scene.Add(Action::kJournalMode, scene.one(), kInDelete);
  scene.AddEach({Action::kAddCapacity, Action::kInsert});
  scene.Add(Action::kKill, scene.one(), kInTheMiddle);
  scene.AddEach({Action::kReduceCapacity, Action::kOpen, Action::kInsert, Action::kUpdate});
}

// The reader's database is to stay as it was when its transaction began.
void CheckpointBesideReader(SceneWriter& scene) {
  scene.Add(Action::kOpen, scene.one());
  scene.Add(Action::kOpen, scene.other());
  scene.Add(Action::kJournalMode, scene.one(), kInWal);
  scene.AddEach({Action::kInsert, Action::kInsert});
  scene.Add(Action::kBegin, scene.other(), kDeferred);
  scene.Add(Action::kRead, scene.other());
  scene.AddEach({Action::kInsert, Action::kUpdate, Action::kCheckpoint, Action::kInsert});
  scene.Add(Action::kRead, scene.other());
  scene.Add(Action::kCommit, scene.other());
}

void WriteAtOnce(SceneWriter& scene) {
  scene.Add(Action::kOpen, scene.one());
  scene.Add(Action::kOpen, scene.other());
  scene.Add(Action::kBegin, scene.one(), kDeferred);
  scene.Add(Action::kBegin, scene.other(), kDeferred);
  scene.Add(Action::kInsert, scene.one());
  scene.Add(Action::kInsert, scene.other());
  scene.Add(Action::kCommit, scene.one());
  scene.Add(Action::kRollback, scene.other());
}

// A database that is new each time, and each time is deleted again, also when it is only half made.
void MakeAndUnlink(SceneWriter& scene) {
  scene.AddEach({Action::kClose, Action::kUnlink});
  scene.Add(Action::kClose, scene.other());
  for (int i = 0; i < 3; ++i) scene.AddEach({Action::kOpen, Action::kClose, Action::kUnlink});
}

// Here the journals of both databases are written in one piece, as that of one alone is, though
// they name a super-journal.
void CommitOverBoth(SceneWriter& scene) {
  scene.Add(Action::kClose, scene.other());
  scene.Add(Action::kOpen, scene.one(), kAttached);
  scene.Add(Action::kSynchronous, scene.one(), kNormal);
  for (int i = 0; i < 2; ++i) {
    scene.Add(Action::kJournalMode, scene.one(), kInDelete);
    scene.TurnToOtherDatabase();
  }
  scene.Add(Action::kBegin, scene.one(), kDeferred);
  scene.Add(Action::kInsert, scene.one());
  scene.TurnToOtherDatabase();
  scene.AddEach({Action::kInsert, Action::kCommit, Action::kRead});
}

// A transaction fails for want of room, in the way of nothing else.
void WriteOnFullDisk(SceneWriter& scene) {
  scene.Add(Action::kClose, scene.other());
  scene.AddEach({Action::kOpen, Action::kJournalMode, Action::kSynchronous, Action::kInsert,
                 Action::kInsert, Action::kFill, Action::kUpdate, Action::kBegin, Action::kUpdate,
                 Action::kInsert, Action::kCommit, Action::kRead});
  scene.TurnToOtherDatabase();
  scene.AddEach({Action::kUnlink, Action::kOpen, Action::kInsert});
}

// What a checkpoint can't hand over stays, in the way of nothing else.
void CheckpointOnFullDisk(SceneWriter& scene) {
  scene.TurnToOtherDatabase();
  scene.AddEach({Action::kOpen, Action::kInsert, Action::kClose});
  scene.TurnToOtherDatabase();
  scene.Add(Action::kClose, scene.other());
  scene.Add(Action::kOpen, scene.one(), kAlone);
  scene.Add(Action::kJournalMode, scene.one(), kInWal);
  scene.AddEach(
      {Action::kInsert, Action::kInsert, Action::kInsert, Action::kFill, Action::kCheckpoint});
  scene.TurnToOtherDatabase();
  scene.AddEach({Action::kUnlink});
}

// Each journal goes to the slot of the one before, over its bytes.
void CommitAgainAndAgain(SceneWriter& scene) {
  scene.Add(Action::kClose, scene.other());
  scene.Add(Action::kOpen, scene.one(), kAlone);
  scene.Add(Action::kJournalMode, scene.one(), kInDelete);
  scene.AddEach({Action::kInsert, Action::kUpdate, Action::kInsert, Action::kDelete,
                 Action::kUpdate, Action::kInsert, Action::kUpdate});
}

// What a file that is cut off again and again is known to hold.
void CutOffByTurns(SceneWriter& scene) {
  scene.Add(Action::kOpen, scene.one());
  scene.Add(Action::kJournalMode, scene.one(), kInWal);
  for (int i = 0; i < 2; ++i) {
    scene.Add(Action::kInsert, scene.one());
    scene.Add(Action::kCheckpoint, scene.one(), kTruncating);
    scene.Add(Action::kRead, scene.one());
  }
  scene.Add(Action::kJournalMode, scene.one(), kInTruncate);
  scene.AddEach({Action::kInsert, Action::kUpdate, Action::kDelete, Action::kIncrementalVacuum});
}

}  // namespace

std::vector<Operation> DrawScene(Random& random) {
  SceneWriter scene(random);
  const auto write =
      random.Among({ReplaceWhatWasKilled, RemoveWhatWasKilled, CheckpointBesideReader, WriteAtOnce,
                    MakeAndUnlink, CommitOverBoth, CommitAgainAndAgain, CommitAgainAndAgain,
                    WriteOnFullDisk, CheckpointOnFullDisk, CutOffByTurns});
  write(scene);
  return scene.Finish();
}

}  // namespace sahpool::testing
