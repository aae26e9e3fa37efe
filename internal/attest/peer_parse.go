package attest

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// credentials are the effective IDs of a process.
type credentials struct {
	uid, gid uint32
	groups   []uint32 // sorted, gid among them
}

// parseStatus reads what /proc/<pid>/status says of a process's user and groups
// (proc_pid_status(5)).
func parseStatus(status []byte) (credentials, error) {
	var c credentials
	found := 0
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		if name != "Uid" && name != "Gid" && name != "Groups" {
			continue
		}
		found++
		ids, err := parseIDs(value)
		switch {
		case err != nil:
			return credentials{}, fmt.Errorf("%s: %w", name, err)
		case name == "Groups":
			c.groups = append(c.groups, ids...)
		case len(ids) != 4: // real, effective, saved, file system
			return credentials{}, fmt.Errorf("%s lists %d IDs", name, len(ids))
		case name == "Uid":
			c.uid = ids[1]
		default:
			c.gid = ids[1]
			c.groups = append(c.groups, c.gid)
		}
	}
	if found != 3 {
		return credentials{}, errors.New("not the status of a process")
	}
	slices.Sort(c.groups)
	c.groups = slices.Compact(c.groups)
	return c, nil
}

func parseIDs(s string) ([]uint32, error) {
	var ids []uint32
	for field := range strings.FieldsSeq(s) {
		n, err := strconv.ParseUint(field, 10, 32)
		if err != nil {
			return nil, err
		}
		ids = append(ids, uint32(n))
	}
	return ids, nil
}

// parseContainer finds a container in /proc/<pid>/cgroup (cgroups(7)) and
// returns its ID and its group, as "controllers:path". It takes the outermost
// one, since a container may name what is below its own group as it likes. Others
// may, too: the group must be compared with that of the container itself.
func parseContainer(cgroups []byte) (id, group string) {
	for line := range strings.Lines(string(cgroups)) {
		parts := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		if len(parts) != 3 || !strings.HasPrefix(parts[2], "/") {
			continue
		}
		segments := strings.Split(parts[2], "/")
		for i, segment := range segments {
			if id := containerID(segment); id != "" {
				return id, parts[1] + ":" + strings.Join(segments[:i+1], "/")
			}
		}
	}
	return "", ""
}

// containerID returns the container that a group is named for, by Docker,
// Podman, containerd or CRI-O, with the cgroupfs or the systemd driver; "" : none.
func containerID(segment string) string {
	for _, prefix := range []string{"docker-", "libpod-", "cri-containerd-", "crio-"} {
		if rest, ok := strings.CutPrefix(segment, prefix); ok {
			segment = rest
			break
		}
	}
	segment = strings.TrimSuffix(segment, ".scope")
	notHex := func(r rune) bool { return (r < '0' || r > '9') && (r < 'a' || r > 'f') }
	if len(segment) != 64 || strings.ContainsFunc(segment, notHex) {
		return ""
	}
	return segment
}

// mapsEveryID reports whether a user namespace, as /proc/self/uid_map or gid_map
// tells (user_namespaces(7)), has every ID of the machine for what it is. In any
// other, IDs from outside all show as one and the same.
func mapsEveryID(idMap []byte) bool {
	return slices.Equal(strings.Fields(string(idMap)), []string{"0", "0", "4294967295"})
}
