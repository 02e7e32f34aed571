// Pools and profiles with something wrong in them: flipped bytes, exchanged and cut files, links,
// pipes, names of any kind, and lists that lead elsewhere.
//
// Threads: one. Ownership: a place removes its folder. Errors: GoogleTest is not asked; what can't
// be made ends the process.
#ifndef SAHPOOL_TESTS_TOOLS_MUTATED_PLACES_H_
#define SAHPOOL_TESTS_TOOLS_MUTATED_PLACES_H_

#include <cstdint>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace sahpool::cli {

using Random = std::mt19937;

enum class PlaceKind { kOpaque, kFolder, kChromium, kFirefox };

class MutatedPlace {
 public:
  // Of the slots in the folder `slots`; the same place for the same seed.
  MutatedPlace(PlaceKind kind, const std::filesystem::path& slots, std::uint32_t seed);
  ~MutatedPlace();
  MutatedPlace(const MutatedPlace&) = delete;
  MutatedPlace& operator=(const MutatedPlace&) = delete;

  // What the tool is to look into.
  const std::filesystem::path& dir() const { return dir_; }
  // Files that are nobody's business, to which links and paths lead.
  const std::filesystem::path& outside() const { return outside_; }
  // For what the tool writes.
  std::filesystem::path out(int number) const { return root_ / ("out" + std::to_string(number)); }
  // A database to import.
  std::filesystem::path source() const { return outside_ / "source.db"; }
  const std::string& what() const { return what_; }

 private:
  void MakeOutside(const std::filesystem::path& slots);
  void MakeSlots(const std::filesystem::path& slots);
  void MakeChromium(const std::filesystem::path& slots);
  void MakeFirefox(const std::filesystem::path& slots);
  void Mutate();
  void MutateBytes(const std::filesystem::path& file);
  void MutateHeader(const std::filesystem::path& file);
  void Replace(const std::filesystem::path& file);
  void AddFile(const std::filesystem::path& folder);
  void AddLock(const std::filesystem::path& folder);

  std::uint32_t Below(std::uint32_t limit) { return random_() % limit; }
  template <typename T>
  const T& Any(const std::vector<T>& all) {
    return all[Below(static_cast<std::uint32_t>(all.size()))];
  }
  std::string AnyName();

  Random random_;
  std::filesystem::path root_;
  std::filesystem::path dir_;
  std::filesystem::path outside_;
  std::vector<std::filesystem::path> files_;    // regular, in dir()
  std::vector<std::filesystem::path> folders_;  // in dir()
  std::string what_;
};

// What lies below a folder: kind, size and content of each entry, by its path.
std::map<std::string, std::string> ContentOf(const std::filesystem::path& folder);

}  // namespace sahpool::cli

#endif  // SAHPOOL_TESTS_TOOLS_MUTATED_PLACES_H_
