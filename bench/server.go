package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const binary = "bin/authsec"

// server measures the program as it ships: size, start on an existing database,
// memory when nobody asks.
func server(ctx context.Context) ([]row, error) {
	info, err := os.Stat(binary)
	if err != nil {
		return nil, fmt.Errorf("%w: run make build", err)
	}
	dir, err := os.MkdirTemp("", "authsec-bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	// The first start makes database and keys; those after it are measured.
	if _, _, err := start(ctx, dir); err != nil {
		return nil, err
	}
	const rounds = 5
	best := time.Duration(0)
	resident := 0.0
	for range rounds {
		ready, rss, err := start(ctx, dir)
		if err != nil {
			return nil, err
		}
		if best == 0 || ready < best {
			best = ready
		}
		resident = max(resident, rss)
	}
	size := float64(info.Size()) / (1 << 20)
	return []row{
		{"start to ready, existing database", fmt.Sprintf("%d ms", best.Milliseconds()), "", "under 300 ms", best < 300*time.Millisecond},
		{"idle memory, resident", fmt.Sprintf("%.1f MiB", resident), "", "under 60 MiB", resident < 60},
		{"stripped static binary", fmt.Sprintf("%.1f MB", float64(info.Size())/1e6), "", "under 60 MB", size*1.048576 < 60},
	}, nil
}

const (
	poll      = time.Millisecond
	giveUp    = 20 * time.Second
	idleAfter = 3 * time.Second
)

// start runs the server once and returns how long it took to be ready, and its
// resident MiB after a while of idleness.
func start(ctx context.Context, dir string) (ready time.Duration, rss float64, err error) {
	address, err := freeAddress(ctx)
	if err != nil {
		return 0, 0, err
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return 0, 0, err
	}
	defer log.Close() //nolint:errcheck // only a log
	cmd := exec.CommandContext(ctx, binary, "serve", "--listen", address, "--data-dir", dir, "--public-url", "http://"+address)
	cmd.Stderr = log
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, 0, err
	}
	defer func() {
		err = errors.Join(err, cmd.Process.Signal(syscall.SIGTERM), cmd.Wait())
	}()
	for {
		resp, err := http.Get("http://" + address + "/readyz") //nolint:noctx // bounded by giveUp
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				break
			}
		}
		if time.Since(begin) > giveUp {
			return 0, 0, fmt.Errorf("not ready after %s; see %s", giveUp, log.Name())
		}
		time.Sleep(poll)
	}
	ready = time.Since(begin)
	time.Sleep(idleAfter)
	rss, err = resident(cmd.Process.Pid)
	return ready, rss, err
}

func freeAddress(ctx context.Context) (string, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// resident is a process's VmRSS in MiB (proc(5)).
func resident(pid int) (float64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if value, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 64)
			return kib / 1024, err
		}
	}
	return 0, errors.New("the system does not tell VmRSS")
}

// python measures the SDK's cache.
func python(ctx context.Context) ([]row, error) {
	out, err := output(ctx, ".venv/bin/python", "sdk/python/bench/bench_cached.py")
	if err != nil {
		return nil, err
	}
	var got struct {
		CachedUS float64 `json:"cached_get_us"`
		Threads  int     `json:"threads"`
		Requests int     `json:"requests_on_cold_cache"`
	}
	if err := json.Unmarshal(out, &got); err != nil {
		return nil, err
	}
	return []row{
		{"Python: cached get_delegation_token()", fmt.Sprintf("%.2f µs", got.CachedUS), "", "under 5 µs", got.CachedUS < 5},
		{"Python: requests of 1,000 threads on a cold cache", strconv.Itoa(got.Requests), strconv.Itoa(got.Threads) + " threads", "1", got.Requests == 1},
	}, nil
}
