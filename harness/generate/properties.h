// The properties: each is a sentence about encryption at rest that holds for every scenario of its
// generator. A property is broken by a finding of one of its requirements, and by any finding of
// conformance. `atrest fuzz --list` prints the table; PROPERTIES.md is that text.
// To add one: a function in focus.h and a row in properties.cc.
// A scenario is a function of the property, the seed, the number of steps and the target's
// capabilities, on every machine.
// Threads: pure functions.
#pragma once

#include <rapidcheck.h>

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "harness/generate/story.h"
#include "harness/scenario/scenario.h"
#include "harness/verdict/verdict.h"

namespace atrest::generate {

struct Property {
  const char* id;  // "property/..."
  const char* sentence;
  std::vector<std::string> requirements;  // of scenarios/requirements.json, all of SUITE
  verdict::Suite suite;
  std::vector<std::string> needs;  // what a target must be able to do, beside "file"
  void (*tell)(Story& story);
  bool is_mixed = false;  // of everything: any finding breaks it
  // Of its weakest requirement; in hardening all are SHOULD.
  verdict::Level level = verdict::Level::kMust;
  bool is_wide = false;  // takes its turn more often than the others (Turns)
};

const std::vector<Property>& Properties();

// Whether a target with CAPABILITIES can be held to PROPERTY.
bool IsFor(const Property& property, const std::set<std::string>& capabilities);

// The properties CHOSEN (indices) in the order in which seeds take them, seed modulo their number:
// every fourth is a wide one, if there is any.
std::vector<size_t> Turns(const std::vector<size_t>& chosen);

struct GenerateOptions {
  size_t steps = 20;  // about
  std::set<std::string> capabilities;
};

// The scenario of SEED: valid (scenario/loader.h), of the property's suite, judged by its oracle.
// REQUIRES: IsFor(property, options.capabilities).
scenario::Scenario Generate(const Property& property, uint64_t seed,
                            const GenerateOptions& options);

// The same as a generator for RapidCheck. It does not shrink: harness/shrink does, jointly. OPTIONS
// is copied; PROPERTY must outlive the generator.
rc::Gen<scenario::Scenario> ScenariosOf(const Property& property, const GenerateOptions& options);

// The table as markdown.
std::string PropertiesText();

}  // namespace atrest::generate
