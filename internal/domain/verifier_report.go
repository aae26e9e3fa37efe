package domain

import "time"

// VerifierReport is what one server process knows of the verifiers that listen
// to it: servers on one database tell each other, and the command line, by it.
type VerifierReport struct {
	Server  string // an ID of the process's own
	At      time.Time
	Streams []StreamReport
	Polling []PollReport
}

// StreamReport counts the streams of a resource that have come equally far.
type StreamReport struct {
	URI   string `json:"uri"`   // the resource's audience
	Heard int64  `json:"heard"` // the number of the last recall that they were sent, or passed over
	Count int    `json:"count"`
}

// PollReport is a resource that asks.
type PollReport struct {
	URI string    `json:"uri"`
	At  time.Time `json:"at"` // when it asked last
}

// VerifierReportLife is for how long a report counts: a process that was killed
// leaves its last one behind.
const VerifierReportLife = 15 * time.Second
