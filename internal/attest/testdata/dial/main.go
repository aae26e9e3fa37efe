// Command dial is the other end of a connection in tests: it connects, says so,
// and keeps the connection until its standard input ends.
//
//	dial NETWORK ADDRESS [PROGRAM…]   PROGRAM inherits the connection
package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
)

func main() {
	if len(os.Args) < 3 { // a child that inherits
		fmt.Println("ready")
		_, _ = io.Copy(io.Discard, os.Stdin)
		return
	}
	conn, err := net.Dial(os.Args[1], os.Args[2])
	if err != nil {
		fail(err)
	}
	if len(os.Args) > 3 {
		file, err := conn.(interface{ File() (*os.File, error) }).File()
		if err != nil {
			fail(err)
		}
		child := exec.Command(os.Args[3], os.Args[4:]...)
		child.ExtraFiles = []*os.File{file}
		child.Stdin, child.Stdout, child.Stderr = os.Stdin, os.Stdout, os.Stderr
		if err := child.Run(); err != nil {
			fail(err)
		}
		return
	}
	fmt.Println("ready")
	_, _ = io.Copy(io.Discard, os.Stdin)
	_ = conn.Close()
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
