// Command vendorapi compares the project's OpenAPI description of the vendor's API with
// a copy of the descriptions that the vendor publishes. Run it as
//
//	make check-vendor-api DIR=/path/to/the/copy
//
// It ends with an error if ours has a parameter, field or enum value that the vendor's
// lacks, or if types differ.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	ours := flag.String("ours", "testdata/openapi/sailpoint.yaml", "the project's OpenAPI `file`")
	published := flag.String("published", "", "`folder` with a copy of the vendor's descriptions")
	flag.Parse()
	if err := run(*ours, *published); err != nil {
		fmt.Fprintln(os.Stderr, "check-vendor-api:", err)
		os.Exit(1)
	}
}

func run(ours, published string) error {
	if published == "" {
		return fmt.Errorf("no copy of the vendor's descriptions is named: make check-vendor-api DIR=/path/to/the/copy")
	}
	vendor, err := openCopy(published)
	if err != nil {
		return err
	}
	c, err := compare(ours, vendor)
	if err != nil {
		return err
	}
	for _, name := range c.absent {
		fmt.Printf("not compared: %s is not in %s\n", name, published)
	}
	for _, d := range c.differences {
		fmt.Println("differs:", d)
	}
	fmt.Printf("%d files compared, %d not in the copy, %d differences; SHA-256 of what was compared: %s\n",
		len(vendor.read), len(c.absent), len(c.differences), vendor.digest())
	if len(c.differences) > 0 {
		return fmt.Errorf("%s and %s differ in %d places", ours, published, len(c.differences))
	}
	return nil
}
