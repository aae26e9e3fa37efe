package attest

import (
	"slices"
	"strings"
	"testing"
)

const status = "Name:\tagent\nUmask:\t0022\nUid:\t1000\t1001\t1000\t1001\nGid:\t100\t101\t100\t101\nFDSize:\t64\nGroups:\t7 101 5 \nVmPeak:\t1 kB\n"

func TestParseStatus(t *testing.T) {
	got, err := parseStatus([]byte(status))
	if err != nil || got.uid != 1001 || got.gid != 101 || !slices.Equal(got.groups, []uint32{5, 7, 101}) {
		t.Errorf("%+v %v", got, err)
	}
	for name, bad := range map[string]string{
		"empty":          "",
		"no groups":      strings.Replace(status, "Groups", "Droups", 1),
		"three IDs":      strings.Replace(status, "\t1001\n", "\n", 1),
		"not a number":   strings.Replace(status, "1001", "x", 1),
		"too large":      strings.Replace(status, "1001", "4294967296", 1),
		"negative":       strings.Replace(status, "1001", "-1", 1),
		"a user repeats": status + "Uid:\t0\t0\t0\t0\n",
	} {
		if got, err := parseStatus([]byte(bad)); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

var container1, container2 = strings.Repeat("1a", 32), strings.Repeat("2b", 32)

func TestParseContainer(t *testing.T) {
	for name, c := range map[string]struct{ cgroups, id, group string }{
		"v2, systemd":         {"0::/system.slice/docker-" + container1 + ".scope\n", container1, ":/system.slice/docker-" + container1 + ".scope"},
		"v2, cgroupfs":        {"0::/docker/" + container1 + "\n", container1, ":/docker/" + container1},
		"v2, below it":        {"0::/docker/" + container1 + "/init.scope\n", container1, ":/docker/" + container1},
		"v1":                  {"12:memory:/docker/" + container1 + "\n1:name=systemd:/docker/" + container1 + "\n0::/\n", container1, "memory:/docker/" + container1},
		"v1, two controllers": {"3:cpu,cpuacct:/docker/" + container1 + "\n", container1, "cpu,cpuacct:/docker/" + container1},
		"Kubernetes, CRI":     {"0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-" + container1 + ".scope\n", container1, ":/kubepods.slice/kubepods-pod1.slice/cri-containerd-" + container1 + ".scope"},
		"Podman":              {"0::/machine.slice/libpod-" + container1 + ".scope/container\n", container1, ":/machine.slice/libpod-" + container1 + ".scope"},
		// A container may make groups below its own, with whatever names.
		"one in another":   {"0::/docker/" + container1 + "/docker/" + container2 + "\n", container1, ":/docker/" + container1},
		"none":             {"0::/user.slice/user-1000.slice/session-1.scope\n", "", ""},
		"a short name":     {"0::/docker/" + container1[:63] + "\n", "", ""},
		"not lower case":   {"0::/docker/" + strings.ToUpper(container1) + "\n", "", ""},
		"a prefix of ours": {"0::/docker/x-" + container1 + "\n", "", ""},
		"no path":          {"0::" + container1 + "\n", "", ""},
		"empty":            {"", "", ""},
	} {
		if id, group := parseContainer([]byte(c.cgroups)); id != c.id || group != c.group {
			t.Errorf("%s: %q %q", name, id, group)
		}
	}
}

func TestMapsEveryID(t *testing.T) {
	for idMap, want := range map[string]bool{
		"         0          0 4294967295\n": true,
		"         0       1000          1\n": false,
		"0 100000 65536\n":                   false,
		"0 0 4294967294\n":                   false,
		"0 1000 1\n1 100000 65536\n":         false,
		"":                                   false,
		"         0          0 4294967295\n 1 1 1\n": false,
		"         0          1 4294967295\n":         false,
	} {
		if mapsEveryID([]byte(idMap)) != want {
			t.Errorf("%q", idMap)
		}
	}
}

func FuzzParseStatus(f *testing.F) {
	f.Add([]byte(status))
	f.Add([]byte("Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nGroups:\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := parseStatus(b)
		if err == nil && (!slices.Contains(got.groups, got.gid) || !slices.IsSorted(got.groups)) {
			t.Fatalf("%+v", got)
		}
	})
}

func FuzzParseContainer(f *testing.F) {
	f.Add([]byte("0::/system.slice/docker-" + container1 + ".scope\n"))
	f.Add([]byte("12:memory:/docker/" + container1 + "/" + container2 + "\n\n:::/"))
	f.Fuzz(func(t *testing.T, b []byte) {
		id, group := parseContainer(b)
		if (id == "") != (group == "") || (id != "" && (len(id) != 64 || !strings.Contains(group[strings.LastIndex(group, "/"):], id))) {
			t.Fatalf("%q %q", id, group)
		}
	})
}
