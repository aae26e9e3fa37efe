package domain

import "context"

// Peer is the process at the other end of a connection on this machine.
type Peer interface {
	// Process returns what the kernel knows of the process. It is looked up once
	// per connection, when it is first asked for.
	Process(ctx context.Context) (Process, error)
}

// Process is what the kernel knows of a process that opened a connection.
type Process struct {
	UID uint32
	GID uint32 // counts only with Groups
	// Groups are all its groups' IDs, GID among them; nil: not known.
	Groups []uint32
	// PID is its ID as this process sees it; 0: not known, or several processes
	// hold the connection.
	PID int
	// Path and SHA256 (hex) are those of its executable; "" : not known, or the
	// processes that hold the connection run different ones.
	Path   string
	SHA256 string
	// Container is the ID of its container as its cgroup tells, and Cgroup that
	// group, as "controllers:path"; "" : none is known.
	Container string
	Cgroup    string
	// Gaps says why what is not known is not.
	Gaps ProcessGaps
}

// ProcessGaps are sentences for whoever runs the process; "" : it is known.
type ProcessGaps struct {
	Groups, Path, SHA256, Container string
}
