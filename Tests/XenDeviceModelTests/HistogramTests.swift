// The latency buckets: at most a quarter off, whatever the value.

import StatisticsPage
import Testing

@testable import XenDeviceModel

@Suite struct HistogramTests {
    @Test func everyValueIsInABucketWhoseEndIsAtMostAQuarterAbove() {
        var value: UInt64 = 0
        while value < .max / 2 {
            let bucket = LatencyHistogram.bucket(of: value)
            let end = PageLayout.upperEnd(ofBucket: bucket)
            #expect(end >= value)
            #expect(end - value <= value / 4 + 1)
            value += value / 8 + 1
        }
        #expect(LatencyHistogram.bucket(of: .max) < 256)
        #expect(PageLayout.upperEnd(ofBucket: LatencyHistogram.bucket(of: .max)) == .max)
    }

    @Test func aPercentileIsNotExceededByItsShare() {
        var histogram = LatencyHistogram()
        for value in [10, 20, 1_000_000] as [UInt64] { histogram.record(value) }
        #expect(histogram.percentile(0.99) == 1_000_000, "two of three are not 99 %")
        #expect(histogram.percentile(7) == 1_000_000 && histogram.percentile(-1) >= 10)
        #expect(histogram.percentile(.nan) >= 10, "no number is no reason to trap")
    }

    @Test func percentilesAreThoseOfWhatWasRecorded() {
        var histogram = LatencyHistogram()
        #expect(histogram.percentile(0.5) == 0)
        for value in 1...1000 as ClosedRange<UInt64> { histogram.record(value) }
        #expect((500...625).contains(histogram.percentile(0.5)))
        #expect((990...1000).contains(histogram.percentile(0.99)))
        #expect(histogram.percentile(1) == 1000)
        #expect(histogram.maximum == 1000 && histogram.count == 1000 && histogram.total == 500_500)
    }
}
