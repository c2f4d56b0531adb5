#include "harness/scenario/requirements.h"

#include <algorithm>

#include "harness/scenario/json_cursor.h"

namespace atrest::scenario {
namespace {

Requirement ParseRequirement(JsonCursor cursor) {
  Requirement requirement;
  requirement.id = cursor.Need("id").Text();
  const JsonCursor suite = cursor.Need("suite");
  if (!verdict::Parse(suite.Text(), requirement.suite)) suite.Fail("no such suite");
  const JsonCursor level = cursor.Need("level");
  if (!verdict::Parse(level.Text(), requirement.level)) level.Fail("no such level");
  requirement.text = cursor.Need("text").Text();
  requirement.source = cursor.Need("source").Text();
  cursor.Finish();
  return requirement;
}

}  // namespace

Result<Requirements> Requirements::Parse(const std::string& file, std::string_view json) {
  try {
    const auto document = ParseJson(file, json);
    Requirements register_;
    for (const JsonCursor& item : JsonCursor(file, document).Items()) {
      Requirement requirement = ParseRequirement(item);
      if (register_.Find(requirement.id) != nullptr)
        item.Fail("the id " + requirement.id + " is given twice");
      const auto at =
          std::ranges::lower_bound(register_.all_, requirement.id, {}, &Requirement::id);
      register_.all_.insert(at, std::move(requirement));
    }
    return register_;
  } catch (const LoadError& error) {
    return Status(Code::kInvalid, error.message);
  }
}

const Requirement* Requirements::Find(const std::string& id) const {
  const auto found = std::ranges::lower_bound(all_, id, {}, &Requirement::id);
  return found == all_.end() || found->id != id ? nullptr : &*found;
}

}  // namespace atrest::scenario
