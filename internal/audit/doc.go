// Package audit keeps the hash-chained log: it records issuance many events to
// a transaction (Recorder), folds floods of refusals (Refusals), signs the
// chain's head (Checkpoints), recomputes the chain (Verify, Watcher), and reads
// it for people (Query) and for other systems (Exporter).
//
// What the chain shows. A line that was changed, removed or inserted breaks the
// chain at that line. A tail that was cut off contradicts the head's row. A
// chain that was recomputed after a change, head and all, contradicts every
// checkpoint signed since. Whoever can write the database and also delete or
// sign checkpoints is shown only by checkpoints kept elsewhere: that is what an
// export's last line is for.
package audit
