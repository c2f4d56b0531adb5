#include "harness/report/junit_reporter.h"

#include <cstdio>
#include <pugixml.hpp>
#include <string>

#include "harness/report/printable.h"

namespace atrest::report {
namespace {

using verdict::Kind;
using verdict::Suite;

std::string Seconds(double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", seconds);
  return text;
}

enum class Element { kNone, kFailure, kError, kSkipped };

Element ElementFor(const verdict::Verdict& verdict, bool strict) {
  if (!verdict.known.empty()) return Element::kSkipped;
  switch (verdict.kind) {
    case Kind::kPass:
    case Kind::kRejectedAsExpected:
      return Element::kNone;
    case Kind::kSkipped:
    case Kind::kDisputed:
      return Element::kSkipped;
    case Kind::kFail:
      return verdict.suite == Suite::kConformance || strict ? Element::kFailure : Element::kSkipped;
    case Kind::kCrashed:
      return verdict.suite != Suite::kHardening || strict ? Element::kFailure : Element::kSkipped;
    case Kind::kTimeout:
    case Kind::kUndecided:
    case Kind::kHarnessError:
      return Element::kError;
  }
  return Element::kError;
}

std::string Detail(const verdict::Verdict& verdict) {
  std::string text = verdict.title + '\n';
  if (!verdict.message.empty()) text += verdict.message + '\n';
  for (const std::string& line : verdict.trace) text += "step  " + line + '\n';
  for (const std::string& line : verdict.log) text += "log   " + line + '\n';
  if (!verdict.replay.empty()) text += "again " + verdict.replay + '\n';
  // XML 1.0 has no way to write most control characters, and a target's log may hold any byte.
  return Printable(text, true);
}

void AddOutcome(pugi::xml_node test, const verdict::Verdict& verdict, Element element) {
  constexpr const char* kNames[] = {"", "failure", "error", "skipped"};
  if (element == Element::kNone) return;
  pugi::xml_node node = test.append_child(kNames[static_cast<int>(element)]);
  std::string about = verdict.requirement.empty() ? "" : " " + verdict.requirement;
  if (!verdict.dispute.empty()) about += " (" + verdict.dispute + ")";
  if (!verdict.known.empty()) about += " (known: " + verdict.known + ")";
  node.append_attribute("message") =
      Printable(verdict::ShownKind(verdict) + about + ": " + verdict.message).c_str();
  if (element != Element::kSkipped) node.append_attribute("type") = verdict::ShownKind(verdict);
}

void AddCase(pugi::xml_node suite, const verdict::Verdict& verdict, Element element) {
  pugi::xml_node test = suite.append_child("testcase");
  const size_t slash = verdict.scenario.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : verdict.scenario.substr(0, slash);
  const std::string name =
      slash == std::string::npos ? verdict.scenario : verdict.scenario.substr(slash + 1);
  test.append_attribute("classname") = folder.c_str();
  test.append_attribute("name") = name.c_str();
  test.append_attribute("time") = Seconds(verdict.seconds).c_str();
  AddOutcome(test, verdict, element);
  test.append_child("system-out").text() = Detail(verdict).c_str();
}

void AddProperties(pugi::xml_node suite, const verdict::RunSummary& summary) {
  pugi::xml_node properties = suite.append_child("properties");
  const auto add = [&](const std::string& name, const std::string& value) {
    pugi::xml_node property = properties.append_child("property");
    property.append_attribute("name") = name.c_str();
    property.append_attribute("value") = Printable(value).c_str();
  };
  add("target", summary.target);
  add("target_version", summary.target_version);
  add("harness_version", summary.harness_version);
  for (const auto& [name, value] : summary.configuration) add(name, value);
  if (!summary.calibration.empty()) add("calibration", summary.calibration);
}

void AddSuite(pugi::xml_node root, const verdict::RunSummary& summary, Suite suite) {
  size_t counts[4] = {};
  double seconds = 0;
  pugi::xml_node node = root.append_child("testsuite");
  node.append_attribute("name") = verdict::NameOf(suite);
  AddProperties(node, summary);
  size_t tests = 0;
  for (const verdict::Verdict& verdict : summary.verdicts) {
    if (verdict.suite != suite) continue;
    const Element element = ElementFor(verdict, summary.strict);
    ++tests;
    ++counts[static_cast<int>(element)];
    seconds += verdict.seconds;
    AddCase(node, verdict, element);
  }
  node.append_attribute("tests") = static_cast<unsigned>(tests);
  node.append_attribute("failures") =
      static_cast<unsigned>(counts[static_cast<int>(Element::kFailure)]);
  node.append_attribute("errors") =
      static_cast<unsigned>(counts[static_cast<int>(Element::kError)]);
  node.append_attribute("skipped") =
      static_cast<unsigned>(counts[static_cast<int>(Element::kSkipped)]);
  node.append_attribute("time") = Seconds(seconds).c_str();
  node.append_attribute("timestamp") = summary.started_at.c_str();
}

// A departure from the list of known failures fails the run, so it must show here: a listed failure
// that passes, a list entry without its scenario.
void AddDepartures(pugi::xml_node root, const verdict::RunSummary& summary) {
  if (summary.known_failures.empty()) return;
  pugi::xml_node node = root.append_child("testsuite");
  node.append_attribute("name") = "known failures";
  const bool departs = !summary.departures.empty();
  node.append_attribute("tests") = 1;
  node.append_attribute("failures") = departs ? 1 : 0;
  pugi::xml_node test = node.append_child("testcase");
  test.append_attribute("classname") = "known_failures";
  test.append_attribute("name") = Printable(summary.known_failures).c_str();
  std::string lines;
  for (const std::string& line : summary.departures) lines += line + '\n';
  if (!departs) return;
  pugi::xml_node failure = test.append_child("failure");
  failure.append_attribute("message") = "the verdicts are not as the list says";
  failure.append_attribute("type") = "departure";
  failure.text() = Printable(lines, true).c_str();
}

}  // namespace

void JunitReporter::RunEnded(const verdict::RunSummary& summary) {
  pugi::xml_document document;
  pugi::xml_node root = document.append_child("testsuites");
  root.append_attribute("name") = ("atrest " + summary.target).c_str();
  root.append_attribute("tests") = static_cast<unsigned>(summary.verdicts.size());
  root.append_attribute("time") = Seconds(summary.seconds).c_str();
  for (const Suite suite : {Suite::kConformance, Suite::kCompatibility, Suite::kHardening}) {
    AddSuite(root, summary, suite);
  }
  AddDepartures(root, summary);
  document.save(out_, "  ", pugi::format_default, pugi::encoding_utf8);
}

}  // namespace atrest::report
