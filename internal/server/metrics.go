package server

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/deconflict/deconflict/internal/engine"
)

// metrics are what a node counts, in a registry of its own. docs/OPERATING.md
// says which of them to watch.
type metrics struct {
	registry     *prometheus.Registry
	requests     *prometheus.CounterVec   // by method, route, status
	latency      *prometheus.HistogramVec // by route
	authFailures prometheus.Counter
	limited      *prometheus.CounterVec // by reason
	blocks       prometheus.Histogram
	commits      prometheus.Histogram
}

func newMetrics(version string) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "deconflict_http_requests_total", Help: "Requests answered, event streams and packs left out.",
		}, []string{"method", "route", "status"}),
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "deconflict_http_request_seconds", Help: "From the end of a request's header to the end of its answer.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 15), // 0.5 ms to 8 s
		}, []string{"route"}),
		authFailures: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "deconflict_auth_failures_total", Help: "Requests whose token was not accepted.",
		}),
		limited: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "deconflict_http_limited_total", Help: "Requests turned away: rate (429), concurrency of one party (429), overload (503).",
		}, []string{"reason"}),
		blocks: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "deconflict_journal_block_entries", Help: "Entries in a block, which one sync makes durable.",
			Buckets: prometheus.ExponentialBuckets(1, 2, 11), // 1 to 1024
		}),
		commits: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "deconflict_journal_commit_seconds", Help: "Time to make a block durable.",
			Buckets: prometheus.ExponentialBuckets(0.000125, 2, 16), // 0.1 ms to 4 s
		}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "deconflict_build_info", Help: "1, with the version of the program.", ConstLabels: prometheus.Labels{"version": version},
	})
	build.Set(1)
	m.registry.MustRegister(m.requests, m.latency, m.authFailures, m.limited, m.blocks, m.commits, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, reason := range []string{"rate", "concurrency", "overload"} {
		m.limited.WithLabelValues(reason)
	}
	return m
}

// observe counts an answer.
func (m *metrics) observe(method, route string, status int, took time.Duration) {
	m.requests.WithLabelValues(knownMethod(method), route, strconv.Itoa(status)).Inc()
	m.latency.WithLabelValues(route).Observe(took.Seconds())
}

// committed counts a durable block.
func (m *metrics) committed(c engine.Commit) {
	m.blocks.Observe(float64(c.Entries))
	m.commits.Observe(c.Took.Seconds())
}

// watch adds what the parts of the node say of themselves when they are asked.
func (m *metrics) watch(s *Server) {
	gauge := func(name, help string, value func() float64) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value))
	}
	count := func(name, help string, value func() float64) {
		m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, value))
	}
	stats := s.engine.Stats
	gauge("deconflict_journal_entries", "Durable entries of the journal.", func() float64 { return float64(stats().Durable) })
	gauge("deconflict_engine_waiting", "Commands that wait for the writer.", func() float64 { return float64(stats().Waiting) })
	gauge("deconflict_engine_ahead_entries", "Entries applied and not durable yet.", func() float64 {
		now := stats()
		return float64(max(0, now.Applied-now.Durable))
	})
	count("deconflict_engine_refused_total", "Commands refused.", func() float64 { return float64(stats().Refused) })
	count("deconflict_engine_repeated_total", "Commands that changed nothing.", func() float64 { return float64(stats().Repeated) })
	count("deconflict_engine_dropped_total", "Commands whose caller went away before they were decided.", func() float64 { return float64(stats().Dropped) })
	count("deconflict_engine_overloaded_total", "Commands turned away as too many were waiting.", func() float64 { return float64(stats().Overloaded) })
	count("deconflict_engine_swept_total", "Entities removed after their time.", func() float64 { return float64(stats().Swept) })
	count("deconflict_snapshots_total", "Snapshots written.", func() float64 { return float64(stats().Snapshots) })
	count("deconflict_snapshot_failures_total", "Snapshots that could not be written.", func() float64 { return float64(stats().SnapshotFailures) })
	gauge("deconflict_snapshot_entries", "Entries that the newest snapshot holds.", func() float64 { return float64(stats().SnapshotSize) })
	told := &s.notifier.Counts
	count("deconflict_notices_told_total", "Notices that subscribers of the airspace took.", func() float64 { return float64(told.Told.Load()) })
	count("deconflict_notices_failed_total", "Notices that were given up: nobody took them, or too many waited.", func() float64 {
		return float64(told.Failed.Load() + told.Dropped.Load())
	})
	gauge("deconflict_notices_waiting", "Notices that subscribers have not taken yet.", func() float64 { return float64(told.Waiting.Load()) })
	gauge("deconflict_http_in_flight", "Requests being worked on.", func() float64 { return float64(s.edge.requests.inUse()) })
	gauge("deconflict_event_streams", "Event streams that are open.", func() float64 { return float64(s.edge.streams.inUse()) })
	gauge("deconflict_disk_free_bytes", "Space left on the disk of the data directory; -1 when it is not known.", func() float64 {
		free, err := freeDisk(s.config.Data)
		if err != nil {
			return -1
		}
		return float64(free)
	})
	gauge("deconflict_clock_behind_seconds", "How far the clock is behind the journal's last time; 0 is normal.", func() float64 {
		return s.clockBehind().Seconds()
	})
	gauge("deconflict_ready", "1 when /readyz says so.", func() float64 {
		if len(s.unready()) > 0 {
			return 0
		}
		return 1
	})
	if s.certificate != nil {
		gauge("deconflict_certificate_ends_seconds", "When the TLS certificate in use ends, in seconds since 1970.", func() float64 {
			return float64(s.certificate.ends().Unix())
		})
	}
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
