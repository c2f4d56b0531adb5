// What the tests of campaigns share: the suite of this checkout, and cases on targets of this
// process.
// Threads: one.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "harness/campaign/cases.h"
#include "harness/driver/registry.h"
#include "reference/base/check.h"
#include "reference/env/posix_env.h"

namespace atrest::campaign {

class CampaignFixture {
 public:
  CampaignFixture() {
    auto opened = runner::Suite::Open(files_, ".");
    ATREST_CHECK(opened.ok());
    suite_ = std::make_unique<runner::Suite>(std::move(opened).value());
  }

  // Cases of the properties that match PATTERNS, on the target NAME.
  const CaseOptions& On(const std::string& name, const std::vector<std::string>& patterns = {}) {
    return On([name](const driver::DriverOptions& made) { return driver::MakeDriver(name, made); },
              patterns);
  }
  const CaseOptions& On(const driver::DriverFactory& make,
                        const std::vector<std::string>& patterns = {}) {
    options_.make_driver = make;
    const auto info = make({}).value()->Info();
    options_.generate.capabilities = {info.capabilities.begin(), info.capabilities.end()};
    options_.properties = PropertiesFor(patterns, options_.generate.capabilities);
    return options_;
  }

  env::PosixFileSystem files_;
  env::SystemClock clock_;
  std::unique_ptr<runner::Suite> suite_;
  CaseOptions options_;
};

}  // namespace atrest::campaign
