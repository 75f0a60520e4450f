package main

import (
	"fmt"
	"math"
	"strings"
)

// statusCSS is a style sheet with the colours of the statuses, for the pages of the report
// extension. Text on a colour is black or white, whichever is easier to read.
func statusCSS(statuses []status) ([]byte, error) {
	var b strings.Builder
	b.WriteString("/* Written by go generate ./dashboards/... from dashboards/source/common.yaml. */\n")
	for _, s := range statuses {
		light, err := luminance(s.Color)
		if err != nil {
			return nil, fmt.Errorf("status %s: %w", s.Name, err)
		}
		text := "#000"
		if 1.05/(light+0.05) > (light+0.05)/0.05 {
			text = "#fff"
		}
		fmt.Fprintf(&b, ".%s { --status: %s; --on-status: %s; }\n", strings.ReplaceAll(strings.ToLower(s.Name), " ", "-"), s.Color, text)
	}
	return []byte(b.String()), nil
}

// luminance is the relative luminance of WCAG, from 0 to 1.
func luminance(color string) (float64, error) {
	var c [3]uint8
	if _, err := fmt.Sscanf(color, "#%02X%02X%02X", &c[0], &c[1], &c[2]); err != nil {
		return 0, fmt.Errorf("color %s: %w", color, err)
	}
	return 0.2126*linear(c[0]) + 0.7152*linear(c[1]) + 0.0722*linear(c[2]), nil
}

// linear is the light of a part of an sRGB colour, from 0 to 1.
func linear(v uint8) float64 {
	c := float64(v) / 255
	if c <= 0.04045 {
		return c / 12.92
	}
	return math.Pow((c+0.055)/1.055, 2.4)
}
