package api

import (
	"fmt"

	"github.com/provtrail/provtrail/internal/simulate/view"
)

// index is one kind of documents.
type index struct {
	name   string
	points *points
	byID   map[string]documentRef
	// fields of a document; cheap ones come from the point alone.
	render func(p *point) document
}

// indices are account activities, which lists show, and the indices of the search.
func (s *Server) indices() []index {
	return []index{
		{"account-activities", &s.history.rest, s.history.byID, s.renderREST},
		{"accountactivities", &s.history.docs, s.history.byDocument, s.renderActivity},
		{"events", &s.history.event, s.history.byEvent, s.renderEvent},
	}
}

// document is a rendered document and how its fields are found.
type document struct {
	body   any
	fields map[string][]string
}

// searched is an index of the search.
func (s *Server) searched(name string) (index, error) {
	for _, ix := range s.indices()[1:] {
		if ix.name == name {
			return ix, nil
		}
	}
	return index{}, fmt.Errorf("index %q is not simulated: want accountactivities or events", name)
}

func (s *Server) renderREST(p *point) document {
	g := s.history.group(p.ref)
	return document{view.REST(g, p.at), map[string][]string{
		"type": {g.Cause.RESTType}, "requested-for": {g.Recipient.ID}, "requested-by": {g.Requester.ID},
		"regarding-identity": {g.Recipient.ID, g.Requester.ID},
	}}
}

func (s *Server) renderActivity(p *point) document {
	d := view.Search(s.tenant, s.history.group(p.ref), p.synced)
	fields := map[string][]string{
		"id": {d.ID}, "action": {d.Action}, "stage": {d.Stage}, "status": {d.Status}, "trackingNumber": {d.TrackingNumber},
		"sources": {d.Sources}, "recipient.name": {d.Recipient.Name}, "requester.name": {d.Requester.Name}, "errors": d.Errors,
		"recipient.id": {d.Recipient.ID}, "requester.id": {d.Requester.ID}, "_type": {d.DocumentType},
	}
	for i := range d.AccountRequests {
		fields["accountRequests.result.status"] = append(fields["accountRequests.result.status"], d.AccountRequests[i].Result.Status)
	}
	return document{d, fields}
}

func (s *Server) renderEvent(p *point) document {
	g := s.history.group(p.ref)
	happening := view.Happenings(g)[p.event]
	d := view.Event(s.tenant, g, &happening, p.synced)
	fields := map[string][]string{
		"id": {d.ID}, "action": {d.Action}, "type": {d.Type}, "name": {d.Name}, "technicalName": {d.TechnicalName},
		"operation": {d.Operation}, "status": {d.Status}, "objects": d.Objects, "stack": {d.Stack},
		"trackingNumber": {d.TrackingNumber}, "_type": {d.DocumentType}, "actor.name": {d.Actor.Name}, "target.name": {d.Target.Name},
	}
	for name, value := range d.Attributes {
		fields["attributes."+name] = []string{value}
	}
	return document{d, fields}
}

// fieldsOf gives the fields of a document, which is rendered only if need be.
func (s *Server) fieldsOf(ix index, p *point) func(string) []string {
	var fields map[string][]string
	return func(name string) []string {
		switch name {
		case "created":
			return []string{view.Stamp(p.created)}
		case "synced":
			return []string{view.Stamp(p.synced)}
		case "modified":
			return []string{view.Stamp(p.at)}
		}
		if fields == nil {
			fields = ix.render(p).fields
		}
		return fields[name]
	}
}
