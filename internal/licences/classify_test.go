package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	mit = `Permission is hereby granted, free of charge, to any person obtaining a copy of this software and
associated documentation files (the "Software"), to deal in the Software without restriction, including without
limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the
Software, and to permit persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of
the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO
THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF
CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS
IN THE SOFTWARE.`
	gpl = `This program is free software: you can redistribute it and/or modify it under the terms of the GNU General
Public License as published by the Free Software Foundation, either version 3 of the License, or (at your option)
any later version. This program is distributed in the hope that it will be useful, but WITHOUT ANY WARRANTY; without
even the implied warranty of MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE. See the GNU General Public License
for more details. You should have received a copy of the GNU General Public License along with this program. If not,
see <https://www.gnu.org/licenses/>.`
)

func TestLicenceOfAFolder(t *testing.T) {
	dir := t.TempDir()
	_, err := licenceOf(dir)
	require.ErrorIs(t, err, errNoLicence)
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	own, err := os.ReadFile("../../LICENSE")
	require.NoError(t, err)
	write("LICENSE", string(own)+"\n"+mit)
	write("licenses.go", "package x")
	got, err := licenceOf(dir)
	require.NoError(t, err)
	require.Equal(t, "Apache-2.0, MIT", got, "of one file")
	write("LICENSE", string(own))
	write("LICENSE-MIT.txt", mit)
	got, err = licenceOf(dir)
	require.NoError(t, err)
	require.Equal(t, "Apache-2.0, MIT", got, "of two files")
	for _, text := range []string{gpl, mit + "\n" + gpl} {
		write("COPYING", text)
		_, err = licenceOf(dir)
		require.ErrorIs(t, err, errBinding)
	}
	write("COPYING", "ask us")
	_, err = licenceOf(dir)
	require.ErrorIs(t, err, errUnknown)
}
