#include "harness/generate/properties.h"

#include <algorithm>
#include <sstream>

namespace atrest::generate {
namespace {

// What a RapidCheck generator is: random numbers to a value. One function over our own random
// numbers, seeded by RapidCheck's: nested combinators cost more than the execution.
class ScenarioGenerator {
 public:
  ScenarioGenerator(const Property& property, GenerateOptions options)
      : property_(&property), options_(std::move(options)) {}

  rc::Shrinkable<scenario::Scenario> operator()(const rc::Random& random, int) const {
    return rc::shrinkable::just(Generate(*property_, rc::Random(random).next(), options_));
  }

 private:
  const Property* property_;
  GenerateOptions options_;
};

std::string Join(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : ", ") + item;
  return text;
}

}  // namespace

bool IsFor(const Property& property, const std::set<std::string>& capabilities) {
  return capabilities.contains("file") &&
         std::ranges::all_of(property.needs,
                             [&](const std::string& need) { return capabilities.contains(need); });
}

std::vector<size_t> Turns(const std::vector<size_t>& chosen) {
  constexpr size_t kBetween = 3;
  std::vector<size_t> wide;
  std::vector<size_t> narrow;
  for (const size_t index : chosen) (Properties()[index].is_wide ? wide : narrow).push_back(index);
  if (wide.empty() || narrow.empty()) return chosen;
  std::vector<size_t> turns;
  size_t next = 0;
  // Often enough round that every wide one comes behind every narrow one.
  for (size_t i = 0; i < narrow.size() * wide.size(); ++i) {
    turns.push_back(narrow[i % narrow.size()]);
    if (i % kBetween == kBetween - 1) turns.push_back(wide[next++ % wide.size()]);
  }
  if (next == 0) turns.insert(turns.end(), wide.begin(), wide.end());
  return turns;
}

scenario::Scenario Generate(const Property& property, uint64_t seed,
                            const GenerateOptions& options) {
  scenario::Scenario scenario;
  scenario.id = property.id;
  scenario.title = property.sentence;
  scenario.requirements = property.requirements;
  scenario.suite = property.suite;
  scenario.level =
      property.suite == verdict::Suite::kHardening ? verdict::Level::kShould : property.level;
  Random random(seed);
  Story story(random, options.capabilities, options.steps);
  property.tell(story);
  story.MoveInto(scenario);
  return scenario;
}

rc::Gen<scenario::Scenario> ScenariosOf(const Property& property, const GenerateOptions& options) {
  return ScenarioGenerator(property, options);
}

std::string PropertiesText() {
  std::ostringstream out;
  out << "# Properties\n\n"
         "Printed by `atrest fuzz --list`. Each holds for every scenario of its generator: none of "
         "them\nshows a finding of its requirements (`scenarios/requirements.json`), nor one of "
         "conformance.\n\n"
         "| property | what holds | requirements | suite | needs |\n|---|---|---|---|---|\n";
  for (const Property& property : Properties()) {
    out << "| `" << property.id << "` | " << property.sentence << " | "
        << Join(property.requirements) << " | " << verdict::NameOf(property.suite) << " | "
        << Join(property.needs) << " |\n";
  }
  return out.str();
}

}  // namespace atrest::generate
