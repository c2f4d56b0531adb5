#include "harness/driver/target_file.h"

#include <nlohmann/json.hpp>
#include <set>

namespace atrest::driver {
namespace {

using Json = nlohmann::json;

struct BadMember {
  std::string why;
};

// Members are taken one by one, so that a misspelt one does not go unnoticed.
class Members {
 public:
  explicit Members(const Json& object) : object_(object) {}

  const Json* Find(const std::string& name) {
    const auto found = object_.find(name);
    if (found == object_.end()) return nullptr;
    taken_.insert(name);
    return &*found;
  }
  std::string Text(const std::string& name, const std::string& without) {
    const Json* value = Find(name);
    if (value == nullptr) return without;
    if (!value->is_string()) throw BadMember{"\"" + name + "\" must be a string"};
    return value->get<std::string>();
  }
  bool Bool(const std::string& name) {
    const Json* value = Find(name);
    if (value == nullptr) return false;
    if (!value->is_boolean()) throw BadMember{"\"" + name + "\" must be true or false"};
    return value->get<bool>();
  }
  std::vector<std::string> List(const std::string& name) {
    const Json* value = Find(name);
    return value == nullptr ? std::vector<std::string>() : TextsOf(name, *value);
  }
  static std::vector<std::string> TextsOf(const std::string& name, const Json& value) {
    std::vector<std::string> texts;
    if (!value.is_array()) throw BadMember{"\"" + name + "\" must be a list of strings"};
    for (const Json& item : value) {
      if (!item.is_string()) throw BadMember{"\"" + name + "\" must be a list of strings"};
      texts.push_back(item.get<std::string>());
    }
    return texts;
  }
  void Finish() const {
    for (const auto& [name, unused] : object_.items()) {
      if (!taken_.contains(name)) throw BadMember{"unknown member \"" + name + "\""};
    }
  }

 private:
  const Json& object_;
  std::set<std::string> taken_;
};

void TakeMaps(Members& members, TargetFile& target) {
  if (const Json* variables = members.Find("environment")) {
    for (const auto& [name, value] : variables->items()) {
      if (!value.is_string()) throw BadMember{"\"environment\" must hold strings"};
      target.environment[name] = value.get<std::string>();
    }
  }
  if (const Json* options = members.Find("options")) {
    for (const auto& [name, value] : options->items())
      target.options[name] = Members::TextsOf(name, value);
  }
}

TargetFile Taken(const Json& object) {
  if (!object.is_object()) throw BadMember{"an object is expected"};
  Members members(object);
  TargetFile target;
  target.name = members.Text("name", "");
  target.program = members.Text("program", "");
  if (target.name.empty() || target.program.empty())
    throw BadMember{"\"name\" and \"program\" are needed"};
  target.version = members.List("version");
  target.arguments = members.List("arguments");
  target.file_store = members.List("file_store");
  target.memory_store = members.List("memory_store");
  target.key_variable = members.Text("key_variable", "");
  target.ready_line = members.Text("ready_line", "Streaming Server is ready");
  target.refusal_prefix = members.Text("refusal_prefix", "Failed to start: ");
  target.control = members.List("control");
  target.capabilities = members.List("capabilities");
  target.is_reference = members.Bool("is_reference");
  target.config = members.List("config");
  target.fault = members.List("fault");
  TakeMaps(members, target);
  members.Finish();
  return target;
}

void ReplaceAll(std::string& text, const std::string& what, const std::string& by) {
  for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
    text.replace(at, what.size(), by);
}

}  // namespace

Result<TargetFile> ParseTargetFile(const std::string& file, std::string_view json) {
  const Json document = Json::parse(json, nullptr, false);
  if (document.is_discarded()) return Status(Code::kInvalid, file + ": is not JSON");
  try {
    return Taken(document);
  } catch (const BadMember& bad) {
    return Status(Code::kInvalid, file + ": " + bad.why);
  }
}

std::vector<std::string> FillIn(const std::vector<std::string>& templates,
                                const std::map<std::string, std::string>& values) {
  std::vector<std::string> filled = templates;
  for (std::string& text : filled) {
    for (const auto& [name, value] : values) ReplaceAll(text, "{" + name + "}", value);
  }
  return filled;
}

}  // namespace atrest::driver
