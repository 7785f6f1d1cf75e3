package subscriber

import "clientele/internal/history"

// What the history tells of changes. How a consent came is in consent_changes.
var subscriberHistory = history.Table[Subscriber]{
	history.Personal(history.TextColumn(history.FieldEmail, func(s *Subscriber) string { return s.Email })),
	history.Personal(history.TextColumn(history.FieldFirstName, func(s *Subscriber) string { return s.FirstName })),
	history.Personal(history.TextColumn(history.FieldLastName, func(s *Subscriber) string { return s.LastName })),
	history.IntColumn(history.FieldChannel, func(s *Subscriber) int64 { return s.ChannelID }),
	history.TextColumn(history.FieldSource, func(s *Subscriber) string { return s.Source }),
	history.IntColumn(history.FieldOrder, func(s *Subscriber) int64 { return s.OrderID }),
	history.TextsColumn(history.FieldConsents, func(s *Subscriber) []string { return append([]string{}, s.Consents...) }),
}

func (s *Subscriber) changeOf(before, after *Subscriber) history.Entry {
	return subscriberHistory.Change(history.Subscriber, s.ID, 0, before, after)
}

// deletions returns the entries of subscribers that go.
func deletions(subs []Subscriber) []history.Entry {
	out := make([]history.Entry, len(subs))
	for i := range subs {
		out[i] = subs[i].changeOf(&subs[i], nil)
	}
	return out
}
