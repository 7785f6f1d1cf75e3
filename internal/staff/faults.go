package staff

import "clientele/internal/fault"

// The fields of which faults tell.
const (
	FieldEmail    fault.Field = "email"
	FieldName     fault.Field = "name"
	FieldPassword fault.Field = "password"
	FieldLocale   fault.Field = "locale"
	FieldTimezone fault.Field = "time zone"
	FieldRole     fault.Field = "role"
	FieldGrants   fault.Field = "grants"
)

// The reasons that codes do not tell.
const (
	WhyShortPassword  fault.Reason = "staff password too short"
	WhyCommonPassword fault.Reason = "staff password among the most used"
	WhyOwnPassword    fault.Reason = "staff password like the email or the name"
	WhyRole           fault.Reason = "no role"
	WhyGrant          fault.Reason = "no permission beyond the role"
	WhyLocale         fault.Reason = "no language of the staff"
	WhyTimezone       fault.Reason = "no time zone of the staff"
	WhyTaken          fault.Reason = "a person of the staff has the email"
	WhyLastOwner      fault.Reason = "the last owner of all stores"
	WhyManyPasskeys   fault.Reason = "too many passkeys"
)
