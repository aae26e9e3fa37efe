package testkube

import (
	"context"
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// apiServerVariable names the API server's program; scripts/test-kube builds it.
const apiServerVariable = "AUTHSEC_TEST_KUBE_APISERVER"

// cluster is a real API server on loopback, with etcd: no nodes, no controllers.
type cluster struct {
	*kubernetes.Clientset // as an administrator
	config                *rest.Config
	dir, program, etcd    string
	url                   string // its own, and the issuer of its tokens
	ca                    authority
	server                *process
}

// newCluster starts a cluster that ends with the test and signs tokens with the key.
func newCluster(t testing.TB, key crypto.PrivateKey) *cluster {
	t.Helper()
	program := os.Getenv(apiServerVariable)
	if program == "" {
		t.Fatalf("%s is not set: run `make test-kube`", apiServerVariable)
	}
	ports := freePorts(t, 3)
	c := &cluster{dir: t.TempDir(), program: program, ca: newAuthority(t), etcd: "http://" + ports[0], url: "https://" + ports[2]}
	peers := "http://" + ports[1]
	etcd := start(t, c.dir, "etcd", "etcd", "--data-dir", filepath.Join(c.dir, "etcd"), "--unsafe-no-fsync", "--listen-client-urls", c.etcd,
		"--advertise-client-urls", c.etcd, "--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers, "--initial-cluster", "default="+peers)
	t.Cleanup(func() { etcd.stop(t) })
	write(t, c.dir, "ca.crt", c.ca.pem())
	cert, own := c.ca.issue(t, pkix.Name{CommonName: "kube-apiserver"}, x509.ExtKeyUsageServerAuth)
	write(t, c.dir, "server.crt", cert)
	write(t, c.dir, "server.key", own)
	cert, own = c.ca.issue(t, pkix.Name{CommonName: "admin", Organization: []string{"system:masters"}}, x509.ExtKeyUsageClientAuth)
	c.config = &rest.Config{Host: c.url, QPS: -1, TLSClientConfig: rest.TLSClientConfig{CAData: c.ca.pem(), CertData: cert, KeyData: own}}
	var err error
	c.Clientset, err = kubernetes.NewForConfig(c.config)
	must(t, err)
	c.serve(t, key)
	t.Cleanup(func() { c.server.stop(t) })
	return c
}

// serve starts the API server. The first key signs; it takes and publishes all of them.
func (c *cluster) serve(t testing.TB, keys ...crypto.PrivateKey) {
	t.Helper()
	if c.server != nil {
		c.server.stop(t)
	}
	file := func(name string) string { return filepath.Join(c.dir, name) }
	_, port, err := net.SplitHostPort(c.url[len("https://"):])
	must(t, err)
	args := []string{
		"--etcd-servers=" + c.etcd, "--bind-address=127.0.0.1", "--secure-port=" + port, "--advertise-address=127.0.0.1",
		"--endpoint-reconciler-type=none", "--service-cluster-ip-range=10.0.0.0/24", "--authorization-mode=RBAC", "--shutdown-delay-duration=0s",
		"--client-ca-file=" + file("ca.crt"), "--tls-cert-file=" + file("server.crt"), "--tls-private-key-file=" + file("server.key"),
		"--service-account-issuer=" + c.url, "--service-account-jwks-uri=" + c.url + "/openid/v1/jwks",
	}
	for i, key := range keys {
		name := write(t, c.dir, "tokens-"+strconv.Itoa(i)+".key", encodeKey(t, key))
		if i == 0 {
			args = append(args, "--service-account-signing-key-file="+name)
		}
		args = append(args, "--service-account-key-file="+name)
	}
	c.server = start(t, c.dir, "kube-apiserver", c.program, args...)
	c.server.waitFor(t, func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		return c.RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
	})
}

// process is a program that runs beside the test.
type process struct {
	command *exec.Cmd
	log     string
	ended   chan struct{}
}

func start(t testing.TB, dir, name, program string, args ...string) *process {
	t.Helper()
	log, err := os.OpenFile(filepath.Join(dir, name+".log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	must(t, err)
	p := &process{command: exec.Command(program, args...), log: log.Name(), ended: make(chan struct{})}
	p.command.Stdout, p.command.Stderr, p.command.Dir = log, log, dir
	// It must not outlive a test that is killed.
	p.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	must(t, p.command.Start())
	go func() {
		_ = p.command.Wait() // how it ended is in its log
		_ = log.Close()
		close(p.ended)
	}()
	return p
}

func (p *process) stop(t testing.TB) {
	t.Helper()
	_ = p.command.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-p.ended:
	case <-time.After(20 * time.Second):
		must(t, p.command.Process.Kill())
		<-p.ended
	}
}

// waitFor asks until there is no error; the program must not end before.
func (p *process) waitFor(t testing.TB, ready func() error) {
	t.Helper()
	deadline, tick := time.After(3*time.Minute), time.NewTicker(100*time.Millisecond)
	defer tick.Stop()
	for {
		err := ready()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
			continue
		case <-p.ended:
			err = fmt.Errorf("it ended: %w", err)
		case <-deadline:
		}
		text, _ := os.ReadFile(p.log)
		t.Fatalf("%s: %v\n%s", p.command.Path, err, text[max(0, len(text)-4000):])
	}
}

// freePorts returns addresses on loopback that were free just now.
func freePorts(t testing.TB, n int) []string {
	t.Helper()
	var out []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		must(t, err)
		defer l.Close()
		out = append(out, l.Addr().String())
	}
	return out
}
