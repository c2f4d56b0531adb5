#!/usr/bin/env python3
"""What the soak job takes for growth, and for none."""
import argparse
import unittest

import soak

MIB = soak.MIB
FULL = {"ok": True, "published_per_s": 50000, "ack_ms": {"max": 20}}
OPTIONS = argparse.Namespace(rate=50000)


def warmed(*values):
    """A minute of samples: ten of warming up, then `values` spread over fifty."""
    return [40 * MIB + 3 * MIB * i for i in range(10)] + [
        values[i * len(values) // 50] for i in range(50)]


def faults(memory, descriptors=(1300,) * 60, **changes):
    return list(soak.faults_in(OPTIONS, FULL | changes,
                               {"memory": memory, "descriptors": list(descriptors)}))


class SoakTest(unittest.TestCase):
    def test_flat_noisy_and_sinking_memory_is_no_growth(self):
        for values in ([70 * MIB], [70 * MIB, 73 * MIB, 69 * MIB] * 16, [90 * MIB, 80 * MIB]):
            self.assertEqual(faults(warmed(*values)), [])

    def test_one_burst_is_no_growth(self):
        values = [70 * MIB] * 50
        values[45] = 200 * MIB
        self.assertEqual(faults(warmed(*values)), [])

    def test_a_leak_of_ten_bytes_a_message_is_growth(self):
        leaking = [70 * MIB + 10 * 50000 * i for i in range(50)]
        self.assertIn("memory not flat: rose by", faults(warmed(*leaking))[0])

    def test_a_step_late_is_growth(self):
        self.assertIn("memory not flat", faults(warmed(70 * MIB, 70 * MIB, 70 * MIB, 90 * MIB))[0])

    def test_a_stall_explains_what_it_kept_under_way(self):
        values = warmed(70 * MIB, 70 * MIB, 90 * MIB)
        self.assertEqual(len(faults(values)), 1)
        self.assertEqual(faults(values, ack_ms={"max": 500}), [])

    def test_descriptors(self):
        self.assertEqual(faults(warmed(70 * MIB), [1300] * 30 + [1306] * 30), [])
        self.assertIn("descriptors not flat",
                      faults(warmed(70 * MIB), range(1000, 7000, 100))[0])

    def test_loss_and_a_rate_that_is_not_reached(self):
        self.assertIn("lost or failed", faults(warmed(70 * MIB), ok=False)[0])
        self.assertIn("40000 messages a second", faults(warmed(70 * MIB),
                                                        published_per_s=40000)[0])

    def test_too_few_samples(self):
        self.assertEqual(faults([70 * MIB] * 3, [9] * 60), ["memory not flat: only 3 samples"])


if __name__ == "__main__":
    unittest.main()
