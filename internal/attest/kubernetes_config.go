package attest

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"time"

	"authsec/internal/domain"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/util/flowcontrol"
)

// Limits of what is asked of a cluster's API. A proof is asked about once a
// minute at most (Sources keeps it), so that even large fleets stay below.
const (
	maxKubeconfig      = 1 << 20
	kubernetesQPS      = 50
	kubernetesBurst    = 100
	kubernetesAnswer   = 1 << 20         // bytes of an answer
	kubernetesPatience = 4 * time.Second // for one answer: two fit into verifyTimeout
)

// kubernetesConfig reads how a cluster's API is reached. The administrator who
// names a kubeconfig must not get code run by this server, nor trust dropped.
func kubernetesConfig(s domain.KubernetesSource) (*rest.Config, error) {
	var c *rest.Config
	var err error
	switch {
	case s.API.InCluster && s.API.Kubeconfig != "":
		return nil, errors.New("api takes a kubeconfig or in_cluster, not both")
	case s.API.InCluster:
		if c, err = rest.InClusterConfig(); err != nil {
			return nil, fmt.Errorf("this server's own service account: %w", err)
		}
	case s.API.Kubeconfig != "":
		if c, err = readKubeconfig(s.API.Kubeconfig, s.API.Context); err != nil {
			return nil, fmt.Errorf("kubeconfig: %w", err)
		}
	default:
		return nil, errors.New("api needs a kubeconfig or in_cluster")
	}
	if c.CAFile == "" && len(c.CAData) == 0 && s.CABundle != "" {
		c.CAData = []byte(s.CABundle)
	}
	c.QPS, c.Burst = 0, 0
	c.RateLimiter = flowcontrol.NewTokenBucketRateLimiter(kubernetesQPS, kubernetesBurst)
	c.Timeout = kubernetesPatience
	c.UserAgent = "authsec"
	c.DisableCompression = true
	c.WarningHandler = rest.NoWarnings{}
	c.ContentType, c.AcceptContentTypes = "application/json", "application/json"
	return c, nil
}

func readKubeconfig(path, context string) (*rest.Config, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular() || info.Size() > maxKubeconfig:
		return nil, fmt.Errorf("%s is no file of at most %d bytes", path, maxKubeconfig)
	}
	file, err := clientcmd.LoadFromFile(path)
	if err != nil { // its text could quote a file that is something else
		return nil, fmt.Errorf("%s cannot be read as a kubeconfig", path)
	}
	if err := clientcmd.ResolveLocalPaths(file); err != nil {
		return nil, err
	}
	if context == "" {
		context = file.CurrentContext
	}
	chosen, ok := file.Contexts[context]
	if !ok {
		return nil, fmt.Errorf("it has no context %q", context)
	}
	if user, ok := file.AuthInfos[chosen.AuthInfo]; ok && (user.Exec != nil || user.AuthProvider != nil) {
		return nil, errors.New("its user runs a plug-in (exec or auth-provider); use a token file or a client certificate")
	}
	c, err := clientcmd.NewNonInteractiveClientConfig(*file, context, &clientcmd.ConfigOverrides{}, nil).ClientConfig()
	if err != nil {
		return nil, err
	}
	if c.Insecure {
		return nil, errors.New("it sets insecure-skip-tls-verify; name the cluster's certificate authority instead")
	}
	return c, checkKubernetesHost(c.Host)
}

// checkKubernetesHost refuses plain HTTP, except to this machine.
func checkKubernetesHost(host string) error {
	u, err := url.Parse(host)
	if err != nil || u.Host == "" {
		return errors.New("its server must be an https URL")
	}
	ip := net.ParseIP(u.Hostname())
	if u.Scheme == "https" || (u.Scheme == "http" && (u.Hostname() == "localhost" || (ip != nil && ip.IsLoopback()))) {
		return nil
	}
	return errors.New("its server must be an https URL")
}
