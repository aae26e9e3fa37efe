package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/template"

	"authsec/internal/domain"
)

// What the command line prints is what the vectors hold; the console's test
// reads them too.
func TestSPIREEntryVectors(t *testing.T) {
	files, err := filepath.Glob("../../testdata/vectors/spire-entry/*.json")
	if err != nil || len(files) < 4 {
		t.Fatalf("%d vectors: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var vector struct {
				Agent struct {
					ClientID  string `json:"client_id"`
					Name      string
					Platform  string
					Selectors []domain.Selector
				}
				spireView
			}
			if err := json.Unmarshal(raw, &vector); err != nil {
				t.Fatal(err)
			}
			a := domain.Agent{ClientID: vector.Agent.ClientID, Name: vector.Agent.Name, Platform: vector.Agent.Platform, Selectors: vector.Agent.Selectors}
			got, err := viewSPIRE(a, "authsec.local")
			if err != nil || got != vector.spireView {
				t.Errorf("%v\n%s\n%s\nwant\n%s\n%s", err, got.EntryCommand, got.ClusterSPIFFEID, vector.EntryCommand, vector.ClusterSPIFFEID)
			}
			if said, want := shellSays(t, got.EntryCommand), wordsOf(a, got.SPIFFEID); !slices.Equal(said, want) {
				t.Errorf("the shell reads %q, want %q", said, want)
			}
		})
	}
}

// shellSays is what a shell makes of the command.
func shellSays(t *testing.T, command string) []string {
	t.Helper()
	c := exec.Command("/bin/sh", "-c", `create() { printf '%s\0' "$@"; }`+"\n"+strings.Replace(command, "spire-server", "create", 1))
	c.Env = []string{"SPIRE_PARENT_ID=parent"}
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
}

func wordsOf(a domain.Agent, spiffeID string) []string {
	words := []string{"entry", "create", "-spiffeID", spiffeID, "-parentID", "parent"}
	for _, s := range a.Selectors {
		if name, ok := strings.CutPrefix(s.Key, "docker:env:"); ok {
			words = append(words, "-selector", "docker:env:"+name+"="+s.Value)
		} else if s.Key != "k8s:cluster" {
			words = append(words, "-selector", s.Key+":"+s.Value)
		}
	}
	return words
}

// Whatever stands in a selector's value, the shell, YAML and the controller's
// templates give it back as it was.
func TestSPIREEntryQuotesEverything(t *testing.T) {
	for _, value := range []string{"'", `"; id; "`, "$(id) `id`", "a\nb\tc\x7f\u0085", "{{ . }}{{{", "\\u0041 \\", " # - : ", "\ufeff\uffff"} {
		a := domain.Agent{Platform: domain.PlatformKubernetes, Selectors: []domain.Selector{{Key: "k8s:sa", Value: value}}}
		v, err := viewSPIRE(a, "authsec.local")
		if err != nil {
			t.Fatal(err)
		}
		if said := shellSays(t, v.EntryCommand); said[len(said)-1] != "k8s:sa:"+value {
			t.Errorf("%q: the shell reads %q", value, said)
		}
		line := strings.TrimPrefix(v.ClusterSPIFFEID[strings.LastIndex(strings.TrimSpace(v.ClusterSPIFFEID), "\n")+1:], "    - ")
		var scalar string // YAML's double-quoted scalar is a superset of JSON's string
		if err := json.Unmarshal([]byte(line), &scalar); err != nil {
			t.Fatalf("%q: %v in %s", value, err, line)
		}
		tmpl, err := template.New("").Parse(scalar)
		if err != nil {
			t.Fatalf("%q: %v", value, err)
		}
		var out strings.Builder
		if err := tmpl.Execute(&out, nil); err != nil || out.String() != "k8s:sa:"+value {
			t.Errorf("%q: the template renders %q, %v", value, out.String(), err)
		}
	}
}

func TestSPIREEntryNeedsANodeAgentsPlatform(t *testing.T) {
	for _, p := range domain.Platforms() {
		a := domain.Agent{Platform: p.Key}
		for _, k := range p.Selectors {
			a.Selectors = append(a.Selectors, domain.Selector{Key: k.ExampleKey(), Value: k.Example})
		}
		v, err := viewSPIRE(a, "authsec.local")
		known := slices.Contains([]string{"kubernetes", "docker", "unix"}, p.Key)
		if known != (err == nil) || (v.ClusterSPIFFEID != "") != (p.Key == "kubernetes") {
			t.Errorf("%s: %+v, %v", p.Key, v, err)
		}
	}
}

// A cluster is nothing that a node agent could check.
func TestSPIREEntryNeedsASelector(t *testing.T) {
	a := domain.Agent{Platform: domain.PlatformKubernetes, Selectors: []domain.Selector{{Key: "k8s:cluster", Value: "https://cluster.example.com"}}}
	if v, err := viewSPIRE(a, "authsec.local"); err == nil {
		t.Errorf("an entry for everybody: %+v", v)
	}
}

func TestResourceName(t *testing.T) {
	for name, want := range map[string]string{"Customer Support": "customer-support", "--é--": "agent", "": "agent", "-" + strings.Repeat("x", 63): strings.Repeat("x", 62),
		strings.Repeat("x", 62) + " y": strings.Repeat("x", 62), strings.Repeat("x", 300): strings.Repeat("x", 63)} {
		if got := resourceName(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}
