package store

import "context"

// PlanFeature is something that the original's stores have on some plans only.
type PlanFeature string

// What a plan may lack.
const (
	CustomerGroups       PlanFeature = "customer groups"
	CustomerSegmentation PlanFeature = "customer segmentation"
)

// PlanHas reports whether a store's plan has a feature.
func (s *Settings) PlanHas(f PlanFeature) bool {
	switch f {
	case CustomerGroups:
		return s.PlanGroups == nil || *s.PlanGroups
	case CustomerSegmentation:
		return s.PlanSegmentation == nil || *s.PlanSegmentation
	}
	return true
}

// PlanHas reports whether a store's plan has a feature.
func (s *Service) PlanHas(ctx context.Context, id int64, f PlanFeature) (bool, error) {
	settings, err := s.Settings(ctx, id)
	if err != nil {
		return false, err
	}
	return settings.PlanHas(f), nil
}
