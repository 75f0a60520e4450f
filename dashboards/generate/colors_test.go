package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// vision is what an eye makes of linear red, green and blue: the matrices of Machado,
// Oliveira and Fernandes (2009) for the complete lack of one kind of cones.
var vision = map[string][3][3]float64{
	"all cones":    {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
	"protanopia":   {{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}},
	"deuteranopia": {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}},
	"tritanopia":   {{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.303900}},
}

// Any two statuses are at least 18 apart in CIELAB, where 2.3 is just noticed, whatever
// cones an eye lacks.
func TestStatusColoursDiffer(t *testing.T) {
	shared, _, err := read("../source")
	require.NoError(t, err)
	require.Len(t, shared.Statuses, 6)
	for eye, matrix := range vision {
		for i, a := range shared.Statuses {
			for _, b := range shared.Statuses[i+1:] {
				x, y := lab(t, a.Color, matrix), lab(t, b.Color, matrix)
				distance := math.Hypot(math.Hypot(x[0]-y[0], x[1]-y[1]), x[2]-y[2])
				assert.Greater(t, distance, 18.0, "%s: %s and %s", eye, a.Name, b.Name)
			}
		}
	}
}

// The pages of the report extension have the colours, and text on them is readable (WCAG
// AA: 4.5).
func TestStatusesOfThePages(t *testing.T) {
	shared, _, err := read("../source")
	require.NoError(t, err)
	made, err := statusCSS(shared.Statuses)
	require.NoError(t, err)
	committed, err := os.ReadFile(filepath.Join("..", statusSheet))
	require.NoError(t, err)
	assert.Equal(t, string(committed), string(made), "go generate ./dashboards/... writes it")
	for _, s := range shared.Statuses {
		light, err := luminance(s.Color)
		require.NoError(t, err)
		assert.Greater(t, max(1.05/(light+0.05), (light+0.05)/0.05), 4.5, s.Name)
	}
}

// lab is a colour in CIELAB as an eye sees it.
func lab(t *testing.T, color string, eye [3][3]float64) [3]float64 {
	var r, g, b uint8
	_, err := fmt.Sscanf(color, "#%02X%02X%02X", &r, &g, &b)
	require.NoError(t, err, color)
	in := [3]float64{linear(r), linear(g), linear(b)}
	var seen [3]float64
	for i := range seen {
		for j := range in {
			seen[i] += eye[i][j] * in[j]
		}
		seen[i] = min(max(seen[i], 0), 1)
	}
	f := func(v float64) float64 {
		if v > 0.008856 {
			return math.Cbrt(v)
		}
		return 7.787*v + 16.0/116
	}
	x := f((0.4124*seen[0] + 0.3576*seen[1] + 0.1805*seen[2]) / 0.95047)
	y := f(0.2126*seen[0] + 0.7152*seen[1] + 0.0722*seen[2])
	z := f((0.0193*seen[0] + 0.1192*seen[1] + 0.9505*seen[2]) / 1.08883)
	return [3]float64{116*y - 16, 500 * (x - y), 200 * (y - z)}
}
