// What the connections of an interleaving must see.
#include <gtest/gtest.h>

#include "interleaving.h"

namespace sahpool::testing {
namespace {

bool IsChange(ActionKind kind) {
  return kind == ActionKind::kPut || kind == ActionKind::kInsert || kind == ActionKind::kAdd ||
         kind == ActionKind::kDelete;
}

std::string RenderRow(int key, const ModelRow& row) {
  return std::to_string(key) + '|' + std::to_string(row.value) + '|' + std::to_string(row.size) +
         '\n';
}

}  // namespace

std::string RenderRows(const ModelTable& table) {
  std::string rows;
  for (const auto& [key, row] : table) rows += RenderRow(key, row);
  return rows;
}

const ModelTable& ContentModel::SeenBy(const Party& party) const {
  if (party.working) return *party.working;
  return party.snapshot ? *party.snapshot : committed_;
}

void ContentModel::Follow(const Action& action, const Observation& observation) {
  Party& party = parties_[action.party];
  if (action.kind == ActionKind::kReopen) {
    party = Party();
  } else if (action.kind == ActionKind::kOpenCursor || action.kind == ActionKind::kStepCursor) {
    FollowCursor(party, action, observation);
  } else if (observation.outcome.code == SQLITE_OK) {
    FollowSuccess(party, action, observation.outcome);
  } else {
    FollowFailure(party, action, observation.outcome);
  }
  EndTransactions(party, action, observation);
}

void ContentModel::FollowSuccess(Party& party, const Action& action, const Outcome& outcome) {
  switch (action.kind) {
    case ActionKind::kSelect:
      EXPECT_EQ(outcome.rows, RenderRows(SeenBy(party)));
      break;
    case ActionKind::kPut:
    case ActionKind::kInsert:
    case ActionKind::kAdd:
    case ActionKind::kDelete:
      Change(party, action);
      break;
    case ActionKind::kSavepoint:
      party.savepoints.push_back(party.working);
      break;
    case ActionKind::kRelease:
      party.savepoints.resize(action.depth - 1);
      break;
    case ActionKind::kRollbackTo:
      party.working = party.savepoints[action.depth - 1];
      party.savepoints.resize(action.depth);
      party.cursor.reset();
      break;
    case ActionKind::kRollback:
      party.cursor.reset();
      break;
    default:
      break;
  }
}

void ContentModel::Change(Party& party, const Action& action) {
  // Writing on top of a snapshot that is not the newest would undo another connection's commit.
  if (party.snapshot && !party.working) {
    EXPECT_EQ(RenderRows(*party.snapshot), RenderRows(committed_)) << "a commit is lost";
  }
  ModelTable table = SeenBy(party);
  if (action.kind == ActionKind::kInsert) {
    EXPECT_FALSE(table.contains(action.key));
  }
  if (action.kind == ActionKind::kDelete) {
    table.erase(action.key);
  } else if (action.kind == ActionKind::kAdd) {
    for (auto& [key, row] : table) {
      if (key % 7 == action.key % 7) row.value += action.value;
    }
  } else {
    table[action.key] = {action.value, action.size};
  }
  party.working = std::move(table);
  party.cursor.reset();
}

void ContentModel::FollowFailure(const Party& party, const Action& action,
                                 const Outcome& outcome) const {
  switch (outcome.code & 0xff) {
    case SQLITE_BUSY:
      EXPECT_GT(parties_.size(), 1U);
      break;
    case SQLITE_CONSTRAINT:
      EXPECT_EQ(action.kind, ActionKind::kInsert);
      EXPECT_TRUE(SeenBy(party).contains(action.key));
      break;
    case SQLITE_ERROR:  // not allowed in this state, such as VACUUM in a transaction
    case SQLITE_LOCKED:
      EXPECT_EQ(action.kind, ActionKind::kMaintain) << outcome;
      break;
    default:
      ADD_FAILURE() << "unexpected " << outcome;
  }
}

void ContentModel::FollowCursor(Party& party, const Action& action,
                                const Observation& observation) {
  const Outcome& outcome = observation.outcome;
  if (action.kind == ActionKind::kOpenCursor) {
    party.cursor.emplace();
    for (const auto& [key, row] : SeenBy(party)) party.cursor->rows.push_back(RenderRow(key, row));
  }
  if (outcome.code != SQLITE_OK) {
    // A commit that fails in autocommit mode rolls back, and ends the connection's cursors with it.
    const bool is_allowed = action.kind == ActionKind::kOpenCursor
                                ? (outcome.code & 0xff) == SQLITE_BUSY
                                : outcome.code == SQLITE_ABORT_ROLLBACK;
    EXPECT_TRUE(is_allowed) << outcome;
    party.cursor.reset();
  }
  if (!party.cursor) return;
  ModelCursor& cursor = *party.cursor;
  const bool is_at_end = cursor.next == cursor.rows.size();
  EXPECT_EQ(observation.has_cursor, !is_at_end);
  EXPECT_EQ(outcome.rows, is_at_end ? "" : cursor.rows[cursor.next]);
  ++cursor.next;
  if (is_at_end) party.cursor.reset();
}

void ContentModel::EndTransactions(Party& party, const Action& action,
                                   const Observation& observation) {
  if (observation.is_autocommit) {
    const bool commits = IsChange(action.kind) || action.kind == ActionKind::kCommit ||
                         action.kind == ActionKind::kRelease;
    if (commits && observation.outcome.code == SQLITE_OK && party.working) {
      committed_ = *party.working;
      party.snapshot = committed_;
    }
    party.working.reset();
    party.savepoints.clear();
  }
  if (observation.transaction_state == SQLITE_TXN_NONE) {
    EXPECT_FALSE(party.working) << "a transaction ended by itself";
    party.snapshot.reset();
  } else if (!party.snapshot) {
    party.snapshot = committed_;
  }
}

}  // namespace sahpool::testing
