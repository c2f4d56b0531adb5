#include "harness/generate/focus.h"
#include "harness/generate/nasty.h"
#include "harness/generate/phrases.h"

namespace atrest::generate::focus {
namespace {

constexpr int64_t kAckWaitS = 2;
constexpr int64_t kAckWaitPassedMs = 3000;

scenario::Subscribe Durable(const std::string& client, const std::string& name) {
  scenario::Subscribe subscribe;
  subscribe.client = client;
  subscribe.name = name;
  subscribe.channel = "foo";
  subscribe.from = scenario::Subscribe::From::kFirst;
  subscribe.durable = "D";
  subscribe.manual_acks = true;
  return subscribe;
}

// A run in which SUBSCRIBE gets what there is, and something new.
void OneRun(Story& story, const scenario::Settings& settings,
            const scenario::Subscribe& subscribe) {
  story.Start(settings);
  story.Act(scenario::Connect{subscribe.client});
  if (Chance(story.random(), 60)) PublishTexts(story, "foo", 1);
  story.Act(subscribe);
  story.Act(scenario::Receive{subscribe.name});
  if (Chance(story.random(), 50)) story.Act(scenario::Ack{subscribe.name, {1}});
  if (Chance(story.random(), 50)) PublishTexts(story, "foo", 1);
  story.Act(scenario::Receive{subscribe.name});
}

scenario::Settings AnySettings(Story& story) {
  if (Chance(story.random(), 60)) return PlainlySealed();
  return Chance(story.random(), 70) ? PlainlySealed(AnotherKey(story)) : Off();
}

}  // namespace

void Durables(Story& story) {
  story.Start(PlainlySealed());
  PublishTexts(story, "foo", 2);
  while (!story.IsFull()) OneRun(story, AnySettings(story), Durable("a", "s"));
}

void Queues(Story& story) {
  story.Start(PlainlySealed());
  PublishTexts(story, "foo", 2);
  while (!story.IsFull()) {
    scenario::Subscribe subscribe = Durable("a", "s");
    subscribe.queue = "g";
    OneRun(story, AnySettings(story), subscribe);
  }
}

void Redeliveries(Story& story) {
  while (!story.IsFull()) {
    scenario::Subscribe subscribe = Durable("a", "s");
    subscribe.ack_wait_s = kAckWaitS;
    OneRun(story, AnySettings(story), subscribe);
    story.Wait(kAckWaitPassedMs);
    story.Act(scenario::Receive{"s"});
  }
}

}  // namespace atrest::generate::focus
