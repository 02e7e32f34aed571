// sahpool check: everything that can be wrong with a pool, found without changing it.

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "cli/commands.h"
#include "cli/encryption.h"
#include "cli/integrity.h"
#include "cli/open_pool.h"
#include "cli/output.h"

namespace sahpool::cli {
namespace {

struct Finding {
  bool is_problem;  // otherwise worth knowing
  std::string slot;
  std::string name;
  std::string text;
};

class PoolCheck {
 public:
  explicit PoolCheck(const PoolPlace& place) : place_(place) {}

  // What keeps the pool from being opened is a problem of this pool, and hides no other.
  ExitCode Run() {
    try {
      if (!place_.problem.empty()) Problem("", "", place_.problem);
      OpenPool pool(place_, Access::kRead);
      CheckLeftOut(pool);
      for (const SlotFile& slot : place_.slots) {
        if (!left_out_.contains(slot.name)) CheckSlot(slot);
      }
      CheckStart(pool);
      CheckNames();
      for (File* const file : pool.Slots(SlotState::kNamed)) {
        if (file->kind() == FileKind::kDatabase) CheckDatabase(pool, *file);
      }
    } catch (const Failure& failure) {
      Problem("", "", failure.what());
      return failure.code();
    }
    return has_problem() ? ExitCode::kDamaged : ExitCode::kDone;
  }

  bool has_problem() const {
    for (const Finding& finding : findings_) {
      if (finding.is_problem) return true;
    }
    return false;
  }

  Json ToJson() const;
  void Print() const;

 private:
  void Note(const SlotFile& slot, std::string_view name, std::string text) {
    findings_.push_back({false, slot.name, std::string(name), std::move(text)});
  }
  void Problem(const std::string& slot, std::string_view name, std::string text) {
    findings_.push_back({true, slot, std::string(name), std::move(text)});
  }

  void CheckLeftOut(const OpenPool& pool);
  void CheckSlot(const SlotFile& slot);
  void CheckFile(const SlotFile& slot, const SlotFileFacts& facts, const DecodedHeader& header);
  void CheckStart(OpenPool& pool);
  void CheckNames();
  void CheckDatabase(OpenPool& pool, File& file);

  const PoolPlace& place_;
  std::vector<Finding> findings_;
  // Names as they stand in the headers, with the slots that have them and their flags.
  std::multimap<std::string, std::pair<SlotFile, std::uint32_t>> names_;
  std::map<std::string, std::string> integrity_;
  std::set<std::string> left_out_;
  // Slots of databases whose content looks encrypted.
  std::set<std::string> encrypted_;
};

void PoolCheck::CheckLeftOut(const OpenPool& pool) {
  for (const LeftOut& file : pool.left_out()) {
    left_out_.insert(file.name);
    if (file.is_unreadable) {
      Problem(file.name, "", file.reason);
    } else {
      Note({.path = {}, .name = file.name}, "", "no slot, and left alone: " + file.reason);
    }
  }
}

void PoolCheck::CheckSlot(const SlotFile& slot) {
  const SlotFileFacts facts = ReadSlotFile(slot.path);
  const DecodedHeader header = facts.Decode();
  const std::string path(header.path);
  if (facts.starts_as_database) {
    return Problem(slot.name, "", "the header is missing: the file begins with a database");
  }
  switch (header.kind) {
    case HeaderKind::kUnbelievable:
      return Problem(slot.name, path,
                     fmt::format("{}; behind it: {}", header.reason, ContentName(facts.content)));
    case HeaderKind::kFree:
      if (facts.is_deleted_journal()) {
        return Note(slot, "", "what is left of a deleted journal, which the next start cuts off");
      }
      if (facts.content != ContentKind::kNothing && facts.content != ContentKind::kUnknown) {
        Problem(slot.name, "",
                fmt::format("the header is empty but a {} follows", ContentName(facts.content)));
      }
      return;
    case HeaderKind::kTemporary:
      if (facts.content == ContentKind::kDatabase && !header.has_digest) return;
      return Note(slot, path, "a leftover temporary file, which the next start frees");
    case HeaderKind::kNamed:
      names_.emplace(path, std::pair(slot, header.flags));
      return CheckFile(slot, facts, header);
  }
}

void PoolCheck::CheckFile(const SlotFile& slot, const SlotFileFacts& facts,
                          const DecodedHeader& header) {
  if (!header.has_digest) {
    Note(slot, header.path, "the header is of version 1, which has no digest to vouch for it");
  }
  if (facts.file_size < kSlotDataOffset) {
    return Problem(slot.name, header.path, "the slot ends before its content begins");
  }
  const std::string_view type = TypeName(header.flags);
  const bool is_database = (header.flags & open_flag::kMainDb) != 0;
  const bool is_known =
      facts.content != ContentKind::kUnknown && facts.content != ContentKind::kNothing;
  if (is_known && type != ContentName(facts.content)) {
    Problem(slot.name, header.path,
            fmt::format("the header says {}, but the content is a {}", type,
                        ContentName(facts.content)));
  } else if (is_database && facts.content == ContentKind::kUnknown && LooksEncrypted(slot.path)) {
    encrypted_.insert(slot.name);
    Note(slot, header.path, "not readable without its key: the content looks encrypted");
  } else if (is_database && facts.content == ContentKind::kUnknown) {
    Problem(slot.name, header.path, "the content does not begin like a database");
  }
}

// What only the pool's start can tell, which has been made in memory.
void PoolCheck::CheckStart(OpenPool& pool) {
  for (const File* const file : pool.Slots(SlotState::kFree)) {
    const auto is_this = [file](const auto& named) {
      const auto& [found, flags] = named.second;
      return found.name == file->slot().slot_name() && (flags & open_flag::kSealedJournal) != 0;
    };
    const auto journal = std::ranges::find_if(names_, is_this);
    if (journal == names_.end()) continue;
    Note(journal->second.first, journal->first,
         "a journal that is void, since its transaction never reached the database or is "
         "committed; the next start deletes it");
    names_.erase(journal);
  }
  for (const File* const file : pool.Slots(SlotState::kQuarantined)) {
    const std::string slot_name(file->slot().slot_name());
    const bool is_known = std::ranges::any_of(findings_, [&](const Finding& finding) {
      return finding.is_problem && finding.slot == slot_name;
    });
    if (!is_known) {
      Problem(slot_name, file->slot().name().view(), std::string(file->slot().quarantine_reason()));
    }
  }
}

void PoolCheck::CheckNames() {
  for (auto at = names_.begin(); at != names_.end(); ++at) {
    const auto& [name, file] = *at;
    const auto& [slot, flags] = file;
    if (at != names_.begin() && std::prev(at)->first == name) {
      Note(slot, name, "another slot has this name too; the next start renames one of them");
    }
    for (const auto& [suffix, type] : {std::pair(kJournalSuffix, open_flag::kMainJournal),
                                       std::pair(kWalSuffix, open_flag::kWal)}) {
      if ((flags & type) == 0 || !name.ends_with(suffix)) continue;
      if (!names_.contains(name.substr(0, name.size() - suffix.size()))) {
        Problem(slot.name, name, "orphan: the database that it belongs to is not there");
      }
    }
  }
}

void PoolCheck::CheckDatabase(OpenPool& pool, File& file) {
  const std::string name(file.slot().name().view());
  const std::string slot_name(file.slot().slot_name());
  if (encrypted_.contains(slot_name)) {
    integrity_[name] = kNeedsKey;
    return;
  }
  try {
    const auto snapshot = pool.OpenSnapshot(file);
    if (snapshot->differs_from_file()) {
      Note(
          {.path = {}, .name = slot_name}, name,
          "a journal or a WAL will be applied when it is opened next; here it has been, in memory");
    }
  } catch (const Failure& failure) {
    integrity_[name] = failure.what();
    return Problem(slot_name, name, failure.what());
  }
  const std::string result = CheckIntegrity("checking " + name, [&] { return pool.Connect(file); });
  integrity_[name] = result;
  if (result == "ok") return;
  // With a header in clear, as some builds keep it.
  for (const SlotFile& found : place_.slots) {
    if (found.name != slot_name || !LooksEncrypted(found.path)) continue;
    integrity_[name] = kNeedsKey;
    return Note(found, name, "not readable without its key: the content looks encrypted");
  }
  Problem(slot_name, name, result);
}

Json PoolCheck::ToJson() const {
  Json databases = Json::array();
  for (const auto& [name, integrity] : integrity_) {
    databases.push_back({{"name", name}, {"integrity", integrity}});
  }
  Json findings = Json::array();
  for (const Finding& finding : findings_) {
    findings.push_back({{"severity", finding.is_problem ? "problem" : "note"},
                        {"slot", finding.slot},
                        {"name", finding.name},
                        {"text", finding.text}});
  }
  return {{"pool", place_.id()},
          {"slots", place_.slots.size()},
          {"ok", !has_problem()},
          {"databases", std::move(databases)},
          {"findings", std::move(findings)}};
}

void PoolCheck::Print() const {
  PrintLine({{Colour::kBold, place_.id()},
             ": " + Counted(static_cast<std::int64_t>(place_.slots.size()), "slot")});
  for (const auto& [name, integrity] : integrity_) {
    PrintLine({"  " + name + ": ", integrity == "ok"        ? Styled(Colour::kGreen, "ok")
                                   : integrity == kNeedsKey ? Styled(Colour::kYellow, kNeedsKey)
                                                            : Styled(Colour::kRed, "damaged")});
  }
  for (const Finding& finding : findings_) {
    PrintLine(
        {"  ",
         finding.is_problem ? Styled(Colour::kRed, "problem") : Styled(Colour::kYellow, "note"),
         fmt::format(": slot {}{}: {}", finding.slot,
                     finding.name.empty() ? "" : " (" + finding.name + ")", finding.text)});
  }
}

}  // namespace

ExitCode Check(const Arguments& arguments) {
  const std::vector<PoolPlace> places = SelectPools(arguments.dir, arguments.pool);
  Json json = Json::array();
  ExitCode code = ExitCode::kDone;
  for (const PoolPlace& place : places) {
    WarnOfUser(place);
    PoolCheck check(place);
    const ExitCode ended = check.Run();
    if (code == ExitCode::kDone) code = ended;
    if (arguments.json) {
      json.push_back(check.ToJson());
    } else {
      check.Print();
    }
  }
  if (arguments.json) PrintJson(json);
  return code;
}

}  // namespace sahpool::cli
