package state

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/internal/envelope"
	"github.com/provtrail/provtrail/provisioning"
)

// ErrCorrupt is wrapped by every error of Decode.
var ErrCorrupt = errors.New("the stored state of a group cannot be read")

// minObservation is the smallest number of bytes an observation takes.
const minObservation = len(provisioning.ID{}) + 5

// Decode reads what Encode wrote. There is room for so many observations more, so that a
// Merge need not copy.
func Decode(b []byte, room int) (Group, error) {
	payload, err := envelope.Open(version, b)
	if err != nil {
		return Group{}, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	d := decoders.Get().(*decoder)
	defer decoders.Put(d)
	d.rest, d.room = payload, room
	g, err := d.group()
	clear(d.texts) // they are the group's
	if err != nil {
		return Group{}, fmt.Errorf("%w: byte %d of %d: %w", ErrCorrupt, len(payload)-len(d.rest), len(payload), err)
	}
	d.rest = nil
	return g, nil
}

// decoders are kept for their buffers.
var decoders = sync.Pool{New: func() any { return &decoder{} }}

type decoder struct {
	rest  []byte
	room  int
	texts []string
	all   []byte // the texts, unpacked
	ends  []int
}

var errShort = errors.New("it ends too early")

func (d *decoder) group() (g Group, err error) {
	var revisions, checked, touched, epoch, fromHistory uint64
	if err := d.numbers(&revisions, &checked, &touched); err != nil {
		return g, err
	}
	if g.Timer, err = d.signed(); err != nil {
		return g, err
	}
	if err := d.numbers(&epoch, &g.Version, &fromHistory); err != nil {
		return g, err
	}
	const maxInt = 1<<62 - 1
	g.Revisions, g.FromHistory = int(revisions&maxInt), int(fromHistory&maxInt)
	g.Checked, g.Touched = pcommon.Timestamp(checked), pcommon.Timestamp(touched)
	g.EmittedEpoch = uint32(epoch)
	if err := d.ownTexts(); err != nil {
		return g, err
	}
	if err := d.names(&g); err != nil {
		return g, err
	}
	if err := d.observations(&g); err != nil {
		return g, err
	}
	if g.FromHistory > len(g.Observations) {
		return g, fmt.Errorf("it claims %d observations from a history of %d", g.FromHistory, len(g.Observations))
	}
	if len(d.rest) > 0 {
		return g, errors.New("bytes are left over")
	}
	return g, nil
}

func (d *decoder) names(g *Group) error {
	n, err := d.number()
	if err != nil || n == 0 {
		return err
	}
	if n > uint64(len(d.rest)) {
		return fmt.Errorf("it claims %d names", n)
	}
	g.Names = make([]SourceName, n)
	for i := range g.Names {
		if g.Names[i].ID, err = d.named(); err != nil {
			return err
		}
		if g.Names[i].Name, err = d.named(); err != nil {
			return err
		}
	}
	return nil
}

// ownTexts unpacks all texts into one string that they share.
func (d *decoder) ownTexts() error {
	n, err := d.number()
	if err != nil {
		return err
	}
	if n > uint64(len(d.rest)) {
		return fmt.Errorf("it claims %d texts", n)
	}
	d.all, d.ends, d.texts = d.all[:0], d.ends[:0], d.texts[:0]
	for range n {
		if d.all, err = d.text(d.all); err != nil {
			return err
		}
		d.ends = append(d.ends, len(d.all))
	}
	shared := string(d.all)
	begin := 0
	for _, end := range d.ends {
		d.texts = append(d.texts, shared[begin:end])
		begin = end
	}
	return nil
}

const digits = "0123456789abcdef"

func (d *decoder) text(all []byte) ([]byte, error) {
	head, err := d.number()
	if err != nil {
		return all, err
	}
	raw, err := d.bytes(head >> 1)
	if err != nil || head&1 == 0 {
		return append(all, raw...), err
	}
	for _, b := range raw {
		all = append(all, digits[b>>4], digits[b&15])
	}
	return all, nil
}

func (d *decoder) observations(g *Group) error {
	n, err := d.number()
	if err != nil || n == 0 {
		return err
	}
	if n > uint64(len(d.rest)/minObservation) {
		return fmt.Errorf("it claims %d observations", n)
	}
	var o provisioning.Observation // the one before
	if o.Tenant, err = d.named(); err != nil {
		return err
	}
	if o.GroupID, err = d.named(); err != nil {
		return err
	}
	g.Observations = make([]provisioning.Observation, n, n+uint64(d.room))
	g.room = d.room > 0
	for i := range g.Observations {
		if err := d.observation(&o); err != nil {
			return err
		}
		g.Observations[i] = o
	}
	return nil
}

func (d *decoder) observation(o *provisioning.Observation) error {
	head, err := d.bytes(uint64(len(o.EventID) + 1))
	if err != nil {
		return err
	}
	copy(o.EventID[:], head)
	flags := head[len(o.EventID)]
	o.ReportedStatus, o.AccountLevel = provisioning.Status(flags&statusMask), flags&accountLevelFlag != 0
	if o.ReportedStatus > provisioning.StatusSuccess || flags&^(statusMask|accountLevelFlag) != 0 {
		return fmt.Errorf("flags %#x are unknown", flags)
	}
	mask, err := d.number()
	if err != nil {
		return err
	}
	if mask >= 1<<textCount {
		return fmt.Errorf("text mask %#x is unknown", mask)
	}
	values := texts(o)
	for i := range values {
		if mask&(1<<i) == 0 {
			continue
		}
		if values[i], err = d.named(); err != nil {
			return err
		}
	}
	setTexts(o, &values)
	for _, at := range []*pcommon.Timestamp{&o.RequestedAt, &o.OccurredAt, &o.ObservedAt, &o.RemoveAt, &o.VendorCreatedAt} {
		difference, err := d.signed()
		if err != nil {
			return err
		}
		*at += pcommon.Timestamp(difference)
	}
	return nil
}

// named reads a text's number and returns the text.
func (d *decoder) named() (string, error) {
	n, err := d.number()
	switch {
	case err != nil:
		return "", err
	case n < uint64(len(words)):
		return words[n], nil
	case n >= firstOwn && n-firstOwn < uint64(len(d.texts)):
		return d.texts[n-firstOwn], nil
	default:
		return "", fmt.Errorf("text %d does not exist", n)
	}
}

func (d *decoder) numbers(to ...*uint64) (err error) {
	for _, p := range to {
		if *p, err = d.number(); err != nil {
			return err
		}
	}
	return nil
}

func (d *decoder) number() (uint64, error) {
	n, size := binary.Uvarint(d.rest)
	if size <= 0 {
		return 0, errShort
	}
	d.rest = d.rest[size:]
	return n, nil
}

func (d *decoder) signed() (int64, error) {
	n, size := binary.Varint(d.rest)
	if size <= 0 {
		return 0, errShort
	}
	d.rest = d.rest[size:]
	return n, nil
}

func (d *decoder) bytes(n uint64) ([]byte, error) {
	if n > uint64(len(d.rest)) {
		return nil, errShort
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b, nil
}
