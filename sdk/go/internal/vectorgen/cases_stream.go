package main

type streamFile struct {
	Cases []streamVector `json:"cases"`
}

// streamVector is a text/event-stream and its events (HTML Living Standard §9.2.6).
type streamVector struct {
	Name        string        `json:"name"`
	Description string        `json:"description"`
	Stream      string        `json:"stream"`
	Events      []streamEvent `json:"events"`
}

type streamEvent struct {
	Event string `json:"event"`
	ID    string `json:"id"`
	Data  string `json:"data"`
}

func streamCases() []streamVector {
	one := []streamEvent{{"recall", "7", "a.b.c"}}
	return []streamVector{
		{"recall", "An event as AuthSec sends it.", "event: recall\nid: 7\ndata: a.b.c\n\n", one},
		{"crlf", "Lines end in CR LF.", "event: recall\r\nid: 7\r\ndata: a.b.c\r\n\r\n", one},
		{"no_space", "Without a space after the colon.", "event:recall\nid:7\ndata:a.b.c\n\n", one},
		{"order", "The fields in another order, and an unknown one.", "data: a.b.c\nretry: 10\nx: y\nid: 7\nevent: recall\n\n", one},
		{"bom", "A byte order mark in front.", "\ufeffevent: recall\nid: 7\ndata: a.b.c\n\n", one},
		{"comment", "Comments keep a connection open.", ": hello\n\n:\n\nevent: recall\nid: 7\ndata: a.b.c\n\n", one},
		{"no_data", "Without data there is no event.", "event: recall\nid: 7\n\n", []streamEvent{}},
		{"cut", "An event without its blank line is not complete.", "event: recall\nid: 7\ndata: a.b.c\n\nevent: recall\nid: 8\ndata: d.e.f\n", one},
		{"id_stays", "The last ID holds until there is another.", "event: recall\nid: 7\ndata: a.b.c\n\nevent: heartbeat\ndata: d.e.f\n\n",
			[]streamEvent{{"recall", "7", "a.b.c"}, {"heartbeat", "7", "d.e.f"}}},
		{"several_lines", "Data of several lines.", "data: a\ndata: b\n\n", []streamEvent{{"message", "", "a\nb"}}},
		{"empty", "Nothing.", "", []streamEvent{}},
	}
}
