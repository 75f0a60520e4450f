package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestClassify(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		require.Equal(t, want, classify(text))
	}
	own, err := os.ReadFile("../../LICENSE")
	require.NoError(t, err)
	f(string(own), "Apache-2.0")
	f("GNU AFFERO GENERAL PUBLIC LICENSE\n   Version 3, 19 November 2007", "AGPL-3.0")
	f("GNU GENERAL PUBLIC LICENSE\n Version 2, June 1991", "GPL")
	f("GNU LESSER GENERAL PUBLIC LICENSE Version 3", "LGPL")
	f("Mozilla Public License, version 2.0\n... GNU General Public License, Version 2.0, the GNU Lesser General Public License", "MPL-2.0")
	f("Permission is hereby granted, free of charge, ...\nThe above copyright notice and this permission notice shall be included", "MIT")
	f("Redistributions in binary form must ... Neither the name of X", "BSD-3-Clause")
	f("Redistributions in binary form must reproduce", "BSD-2-Clause")
	f("all rights reserved", "")
}

func TestLicenceOfAFolder(t *testing.T) {
	dir := t.TempDir()
	_, err := licenceOf(dir)
	require.ErrorIs(t, err, errNoLicence)
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	write("LICENSE", "Apache License\nVersion 2.0")
	write("LICENSE-MIT.txt", "Permission is hereby granted, free of charge, the above copyright notice and this permission notice")
	write("licenses.go", "package x")
	got, err := licenceOf(dir)
	require.NoError(t, err)
	require.Equal(t, "Apache-2.0, MIT", got)
	write("COPYING", "GNU GENERAL PUBLIC LICENSE Version 3")
	_, err = licenceOf(dir)
	require.ErrorIs(t, err, errBinding)
	write("COPYING", "ask us")
	_, err = licenceOf(dir)
	require.ErrorIs(t, err, errUnknown)
}
