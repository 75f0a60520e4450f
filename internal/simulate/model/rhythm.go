package model

import "time"

// weekday and hour weights: how busy a company is. Nights hold the refreshes.
var (
	dayWeight  = [7]float64{0.12, 1.25, 1.1, 1.05, 1.0, 0.9, 0.15} // from Sunday
	hourWeight = [24]float64{
		0.5, 0.3, 0.9, 0.7, 0.3, 0.3, 0.6, 1.4, 2.6, 3.2, 3.0, 2.6,
		1.6, 2.2, 2.6, 2.5, 2.1, 1.5, 0.9, 0.6, 0.5, 0.4, 0.4, 0.6,
	}
)

const weekWeight = (0.12 + 1.25 + 1.1 + 1.05 + 1.0 + 0.9 + 0.15) / 7

var hourTotal = func() (sum float64) {
	for _, w := range hourWeight {
		sum += w
	}
	return sum
}()

// expected is how many groups begin in the hour, given how many begin in a mean day.
func expected(hourStart int64, perDay float64) float64 {
	t := Time(hourStart)
	return perDay * dayWeight[t.Weekday()] / weekWeight * hourWeight[t.Hour()] / hourTotal
}

// mix is how likely each scenario is in an hour of the day.
func mix(hourStart int64) []weighted {
	t := Time(hourStart)
	weekend := t.Weekday() == time.Saturday || t.Weekday() == time.Sunday
	switch h := t.Hour(); {
	case h < 6 || weekend:
		return nightMix
	case h < 10:
		return morningMix
	default:
		return dayMix
	}
}

type weighted struct {
	weight int
	scene  scenario
}

var (
	nightMix = []weighted{
		{46, identityRefresh}, {24, attributeSync}, {8, lifecycleChange}, {10, passwordRequest}, {4, accessRequest}, {8, cloudAutomated},
	}
	morningMix = []weighted{
		{34, passwordRequest}, {22, accessRequest}, {12, identityRefresh}, {12, attributeSync}, {8, joiner}, {6, unlock}, {6, certification},
	}
	dayMix = []weighted{
		{34, accessRequest},
		{14, passwordRequest},
		{14, certification},
		{12, identityRefresh},
		{10, attributeSync},
		{6, lifecycleChange},
		{4, unlock},
		{3, cloudAutomated},
		{3, joiner},
	}
)

func choose(r random, from []weighted) scenario {
	sum := 0
	for _, w := range from {
		sum += w.weight
	}
	n := r.IntN(sum)
	for _, w := range from {
		if n -= w.weight; n < 0 {
			return w.scene
		}
	}
	return from[0].scene
}
