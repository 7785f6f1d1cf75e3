package history

// Within has pages look at so many entries at most, read so many at once.
func (s *Service) Within(most, bite int) *Service { return &Service{s.db, bite, most} }
