// sahpool ls, info and find: what there is.

#include <fmt/format.h>

#include <array>
#include <map>
#include <span>

#include "cli/commands.h"
#include "cli/open_pool.h"
#include "cli/output.h"
#include "cli/usage.h"
#include "format/byte_order.h"
#include "format/database_header.h"
#include "format/file_name.h"
#include "format/page_size.h"

namespace sahpool::cli {
namespace {

const char* StateName(SlotState state) {
  switch (state) {
    case SlotState::kNamed:
      return "named";
    case SlotState::kQuarantined:
      return "quarantined";
    default:
      return "free";
  }
}

Styled Shown(SlotState state) {
  return {state == SlotState::kQuarantined ? Colour::kRed : Colour::kNone, StateName(state)};
}

std::vector<File*> SlotsToList(OpenPool& pool, bool all) {
  std::vector<File*> slots;
  for (const SlotState state : {SlotState::kNamed, SlotState::kQuarantined, SlotState::kFree}) {
    if (state == SlotState::kFree && !all) continue;
    for (File* const file : pool.Slots(state)) slots.push_back(file);
  }
  return slots;
}

Json JsonOf(const File& file) {
  Json json = {{"name", file.slot().name().view()},
               {"bytes", file.size()},
               {"slot", file.slot().slot_name()},
               {"flags", file.slot().flags()},
               {"state", StateName(file.slot().state())}};
  if (file.slot().state() == SlotState::kQuarantined) {
    json["reason"] = file.slot().quarantine_reason();
  }
  return json;
}

// What lies among the slots but is not in the pool.
std::vector<LeftOut> LeftOutToList(const OpenPool& pool, bool all) {
  std::vector<LeftOut> files = pool.left_out();
  if (!all) std::erase_if(files, [](const LeftOut& file) { return !file.is_unreadable; });
  return files;
}

// Of those that have one reason with one warning: there may be as many as there are slots.
void WarnOf(const std::vector<LeftOut>& files) {
  std::map<std::string, std::vector<std::string>> by_reason;
  for (const LeftOut& file : files) by_reason[file.reason].push_back(file.name);
  for (const auto& [reason, names] : by_reason) {
    Warn(names.size() == 1 ? fmt::format("{}: {}", names.front(), reason)
                           : fmt::format("{} files, {} the first of them: {}", names.size(),
                                         names.front(), reason));
  }
}

const char* StateName(const LeftOut& file) { return file.is_unreadable ? "unreadable" : "foreign"; }

// A line of `info`.
void PrintField(const std::string& title, const std::string& value) {
  PrintLine({fmt::format("{:<18} {}", title, value)});
}

// What of `facts` is a number or a string; nested ones come indented.
void PrintFields(const Json& facts, const std::string& indent = "") {
  for (const auto& [key, value] : facts.items()) {
    if (value.is_object()) {
      PrintField(indent + key, "");
      PrintFields(value, indent + "  ");
    } else {
      PrintField(indent + key, value.is_string() ? value.get<std::string>() : value.dump());
    }
  }
}

ExitCode Show(const Json& facts, bool json) {
  if (json) {
    PrintJson(facts);
  } else {
    PrintFields(facts);
  }
  return ExitCode::kDone;
}

Json FactsOf(OpenPool& pool) {
  const PoolPlace& place = pool.place();
  Json facts = {{"pool", place.id()},
                {"folder", place.folder.string()},
                {"layout", LayoutName(place.layout)}};
  if (!place.origin.empty()) facts["origin"] = place.origin;
  if (!place.directory.empty()) facts["directory"] = place.directory;
  facts["capacity"] = pool.pool().files().capacity();
  facts["files"] = pool.pool().files().file_count();
  facts["free"] = pool.pool().files().free_count();
  facts["quarantined"] = pool.Slots(SlotState::kQuarantined).size();
  for (const LeftOut& file : pool.left_out()) {
    Json& count = facts[StateName(file)];
    count = (count.is_null() ? 0 : count.get<int>()) + 1;
  }
  std::int64_t bytes = 0;
  for (const File* const file : SlotsToList(pool, true)) bytes += file->size();
  facts["bytes"] = bytes;
  return facts;
}

const char* EncodingName(std::uint32_t encoding) {
  constexpr std::array kNames = {"unset", "UTF-8", "UTF-16le", "UTF-16be"};
  return encoding < kNames.size() ? kNames[encoding] : "invalid";
}

// By the header as it is committed; https://www.sqlite.org/fileformat2.html#the_database_header
Json DatabaseFacts(Snapshot& snapshot) {
  std::array<std::byte, kDatabaseHeaderSize> header{};
  if (snapshot.size() < static_cast<std::int64_t>(header.size())) {
    return {{"bytes", snapshot.size()}};
  }
  Require(snapshot.Read(header, 0));
  const Status valid = CheckDatabaseHeader(header, snapshot.size());
  if (!valid.ok()) return {{"bytes", snapshot.size()}, {"problem", valid.text()}};
  const auto field = [&](std::size_t offset) { return LoadBigEndian32(&header[offset]); };
  const std::int64_t page_size = PageSizeOfStored(field(16) >> 16);
  return {
      {"bytes", snapshot.size()},
      {"page_size", page_size},
      {"pages", snapshot.size() / page_size},
      {"free_pages", field(36)},
      {"journal_mode", header[kDatabaseFormatVersionOffset] == std::byte{2} ? "wal" : "rollback"},
      {"encoding", EncodingName(field(56))},
      {"user_version", static_cast<std::int32_t>(field(60))},
      {"application_id", static_cast<std::int32_t>(field(68))},
      {"written_by_sqlite",
       fmt::format("{}.{}.{}", field(96) / 1000000, field(96) / 1000 % 1000, field(96) % 1000)}};
}

Json FactsOf(OpenPool& pool, File& file) {
  Json facts = JsonOf(file);
  for (const SlotFile& found : pool.place().slots) {
    if (found.name != file.slot().slot_name()) continue;
    facts["file"] = found.path.string();
    facts["header_digest"] = ReadSlotFile(found.path).Decode().has_digest ? 2 : 1;
  }
  facts["type"] = TypeName(file.slot().flags());
  if (file.kind() != FileKind::kDatabase) return facts;
  for (const std::string_view suffix : kCompanionSuffixes) {
    const std::string name = std::string(file.slot().name().view()) + std::string(suffix);
    if (const File* const companion = pool.FindIfThere(name)) {
      facts[suffix.substr(1)] = {
          {"name", name}, {"bytes", companion->size()}, {"slot", companion->slot().slot_name()}};
    }
  }
  const auto snapshot = pool.OpenSnapshot(file);
  facts["committed"] = DatabaseFacts(*snapshot);
  facts["committed"]["differs_from_file"] = snapshot->differs_from_file();
  return facts;
}

// A pool that `find` has found.
struct Found {
  Json facts;
  ExitCode code = ExitCode::kDone;
};

// What only an open pool tells.
ExitCode AddContent(const PoolPlace& place, Json& facts) {
  OpenPool pool(place, Access::kRead);
  Json names = Json::array();
  std::int64_t bytes = 0;
  std::size_t quarantined = 0;
  for (const File* const file : SlotsToList(pool, false)) {
    bytes += file->size();
    if (file->slot().state() == SlotState::kQuarantined) {
      ++quarantined;
    } else if (file->kind() == FileKind::kDatabase) {
      names.push_back(file->slot().name().view());
    }
  }
  facts["bytes"] = bytes;
  facts["databases"] = std::move(names);
  facts["quarantined"] = quarantined;
  return pool.list_code();
}

// One pool that can't be opened hides no other.
Found Describe(const PoolPlace& place) {
  Found found;
  Json& facts = found.facts;
  facts = {{"pool", place.id()},
           {"layout", LayoutName(place.layout)},
           {"origin", place.origin},
           {"directory", place.directory},
           {"folder", place.folder.string()},
           {"slots", place.slots.size()},
           {"bytes", nullptr},
           {"databases", Json::array()},
           {"quarantined", nullptr}};
  try {
    found.code = AddContent(place, facts);
    facts["in_use"] = !UserOf(place).empty();
  } catch (const Failure& failure) {
    found.code = failure.code();
    facts["in_use"] = failure.code() == ExitCode::kInUse;
    facts["error"] = failure.what();
    Warn(place.id() + ": " + failure.what());
  }
  return found;
}

}  // namespace

ExitCode List(const Arguments& arguments) {
  const PoolPlace place = FindPool(arguments.dir, arguments.pool);
  WarnOfUser(place);
  OpenPool pool(place, Access::kRead);
  const std::vector<File*> slots = SlotsToList(pool, arguments.all);
  const std::vector<LeftOut> left_out = LeftOutToList(pool, arguments.all);
  if (arguments.json) {
    Json json = Json::array();
    for (const File* const file : slots) json.push_back(JsonOf(*file));
    for (const LeftOut& file : left_out) {
      json.push_back({{"name", ""},
                      {"bytes", nullptr},
                      {"slot", file.name},
                      {"flags", nullptr},
                      {"state", StateName(file)},
                      {"reason", file.reason}});
    }
    PrintJson(json);
    return pool.list_code();
  }
  Table table({"STATE", "TYPE", "BYTES", "SLOT", "NAME"});
  table.AlignRight(2);
  for (const File* const file : slots) {
    const bool is_free = file->slot().state() == SlotState::kFree;
    table.Add({Shown(file->slot().state()), is_free ? "" : TypeName(file->slot().flags()),
               std::to_string(file->size()), file->slot().slot_name(), file->slot().name().view()});
  }
  for (const LeftOut& file : left_out) {
    table.Add({{file.is_unreadable ? Colour::kRed : Colour::kNone, StateName(file)},
               "",
               "",
               file.name,
               ""});
  }
  table.Print();
  for (const File* const file : pool.Slots(SlotState::kQuarantined)) {
    Warn(fmt::format("slot {} is in quarantine: {}", file->slot().slot_name(),
                     file->slot().quarantine_reason()));
  }
  WarnOf(left_out);
  return pool.list_code();
}

ExitCode Info(const Arguments& arguments) {
  const PoolPlace place = FindPool(arguments.dir, arguments.pool);
  WarnOfUser(place);
  OpenPool pool(place, Access::kRead);
  if (!arguments.name.empty()) {
    pool.RequireAllSlots();
    return Show(FactsOf(pool, pool.Find(arguments.name)), arguments.json);
  }
  Show(FactsOf(pool), arguments.json);
  return pool.list_code();
}

ExitCode FindInProfile(const Arguments& arguments) {
  const std::vector<PoolPlace> places = FindPools(arguments.dir);
  Json json = Json::array();
  ExitCode code = ExitCode::kDone;
  for (const PoolPlace& place : places) {
    Found found = Describe(place);
    if (code == ExitCode::kDone) code = found.code;
    json.push_back(std::move(found.facts));
  }
  if (arguments.json) {
    PrintJson(json);
  } else if (!places.empty()) {
    Table table({"POOL", "LAYOUT", "SLOTS", "DATABASES", "BYTES", "IN USE"});
    for (const std::size_t column : {2U, 3U, 4U}) table.AlignRight(column);
    for (const Json& facts : json) {
      table.Add({facts["pool"].get<std::string>(), facts["layout"].get<std::string>(),
                 facts["slots"].dump(), std::to_string(facts["databases"].size()),
                 facts["bytes"].is_null() ? "?" : facts["bytes"].dump(),
                 facts["in_use"].get<bool>() ? "yes" : "no"});
    }
    table.Print();
  }
  if (places.empty()) {
    throw Failure(ExitCode::kNotFound, arguments.dir.string() + ": there is no pool here");
  }
  return code;
}

}  // namespace sahpool::cli
