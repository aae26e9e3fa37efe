package telemetry_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"authsec/internal/telemetry"
)

func scrape(t *testing.T, m *telemetry.Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func TestScrape(t *testing.T) {
	m := telemetry.NewMetrics("1.2.3")
	m.ObserveRequest("GET /api/v1/agents", "GET", 200, 30*time.Millisecond)
	m.ObserveRequest("GET /api/v1/agents", "GET", 204, 3*time.Second)
	m.ObserveRequest("unmatched", "BREW", 418, -time.Second)
	m.ObserveRequest("unmatched", "GET", 0, 0)
	m.TokenIssued("langchain")
	m.TokenIssued("langchain")
	m.TokenRefused("role_not_held")
	m.AuditBatch(3, time.Millisecond)
	text := scrape(t, m)
	for _, line := range []string{
		`authsec_http_requests_total{method="GET",route="GET /api/v1/agents",status="2xx"} 2`,
		`authsec_http_requests_total{method="other",route="unmatched",status="4xx"} 1`,
		`authsec_http_requests_total{method="GET",route="unmatched",status="other"} 1`,
		`authsec_http_request_duration_seconds_bucket{method="GET",route="GET /api/v1/agents",le="0.05"} 1`,
		`authsec_http_request_duration_seconds_count{method="GET",route="GET /api/v1/agents"} 2`,
		`authsec_http_request_duration_seconds_sum{method="other",route="unmatched"} 0`,
		`authsec_tokens_issued_total{agent_type="langchain"} 2`,
		`authsec_tokens_refused_total{code="role_not_held"} 1`,
		`authsec_audit_batch_events_sum 3`,
		`authsec_audit_batch_duration_seconds_count 1`,
		`go_goroutines `,
		`process_resident_memory_bytes `,
	} {
		if !strings.Contains(text, "\n"+line) {
			t.Errorf("the scrape lacks %s", line)
		}
	}
	if !strings.Contains(text, `authsec_build_info{go_version="go`) || !strings.Contains(text, `version="1.2.3"} 1`) {
		t.Error("the scrape does not say what runs")
	}
}

// Whatever callers invent, the number of series stays bounded, and nothing panics.
func TestLabelsAreBounded(t *testing.T) {
	m := telemetry.NewMetrics("\xff")
	var group sync.WaitGroup
	for g := range 4 {
		group.Go(func() {
			for i := range 2000 {
				s := fmt.Sprintf("%d-%d", g, i)
				m.ObserveRequest(s, s, i, time.Duration(i))
				m.TokenIssued(s)
				m.TokenRefused(s)
			}
		})
	}
	group.Wait()
	for _, s := range []string{"\xff", strings.Repeat("x", 1<<20), "", "a\nb\"c"} {
		m.ObserveRequest(s, s, -1, 0)
		m.TokenIssued(s)
		m.TokenRefused(s)
	}
	text := scrape(t, m)
	for name, most := range map[string]int{"authsec_tokens_issued_total{": 33, "authsec_tokens_refused_total{": 65,
		"authsec_http_request_duration_seconds_count{": 257, "authsec_http_requests_total{": 257 * 6} {
		if n := strings.Count(text, "\n"+name); n < 2 || n > most {
			t.Errorf("%s has %d series, want at most %d", name, n, most)
		}
	}
	if !strings.Contains(text, `agent_type="other"`) {
		t.Error("nothing was counted as other")
	}
}

// What is no label is counted as other from the first time on.
func TestUnfitLabels(t *testing.T) {
	m := telemetry.NewMetrics("x")
	m.TokenRefused("\xff")
	m.TokenRefused(strings.Repeat("x", 129))
	m.TokenRefused(strings.Repeat("y", 128))
	text := scrape(t, m)
	if !strings.Contains(text, `authsec_tokens_refused_total{code="other"} 2`) || !strings.Contains(text, strings.Repeat("y", 128)+`"} 1`) {
		t.Error("what is no label was not counted as other")
	}
}

// A value that was known before the flood is still counted under its name.
func TestKnownLabelsSurviveAFlood(t *testing.T) {
	m := telemetry.NewMetrics("x")
	m.TokenRefused("role_not_held")
	for i := range 1000 {
		m.TokenRefused(fmt.Sprint(i))
	}
	m.TokenRefused("role_not_held")
	if text := scrape(t, m); !strings.Contains(text, `authsec_tokens_refused_total{code="role_not_held"} 2`) {
		t.Error("a known code is counted as other")
	}
}

// Two servers in one process count apart: nothing is global.
func TestMetricsAreNotGlobal(t *testing.T) {
	a, b := telemetry.NewMetrics("a"), telemetry.NewMetrics("b")
	a.TokenIssued("langchain")
	if strings.Contains(scrape(t, b), "langchain") {
		t.Error("one server's tokens are in another's metrics")
	}
}

func BenchmarkObserveRequest(b *testing.B) {
	m := telemetry.NewMetrics("x")
	b.ReportAllocs()
	for b.Loop() {
		m.ObserveRequest("GET /authsec/uflow/sdk/delegation-token", "GET", 200, time.Millisecond)
	}
}
