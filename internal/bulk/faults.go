package bulk

import "clientele/internal/fault"

// The fields of which faults tell.
const (
	FieldAction    fault.Field = "action"
	FieldGroup     fault.Field = "group"
	FieldSegment   fault.Field = "segment"
	FieldAttribute fault.Field = "attribute"
	FieldValue     fault.Field = "value"
	FieldGround    fault.Field = "ground"
	FieldSelection fault.Field = "selection"
)

// The reasons that codes do not tell.
const (
	WhyNobody fault.Reason = "nobody is selected"
	WhyMany   fault.Reason = "too many are named"
	WhyBusy   fault.Reason = "too many bulk actions"
)

var (
	errNone      = fault.New(fault.NotFound, "There is no such bulk action.")
	errEnded     = fault.New(fault.Conflict, "The bulk action has ended.")
	errNotUndone = fault.New(fault.Conflict, "The bulk action cannot be undone: only one that has ended can, within seven days, and neither a deletion nor an email.")
	errNotResume = fault.New(fault.Conflict, "The bulk action cannot be resumed: only one that was stopped can.")
	errBusy      = fault.Broken(fault.Conflict, fault.Item{Field: FieldSelection, Code: fault.TooManyItems, Why: WhyBusy})
	errElsewhere = fault.New(fault.Conflict, "another process is at this bulk action")
	errUnknown   = fault.Broken(fault.Invalid, fault.Item{Code: fault.Unknown})
)
