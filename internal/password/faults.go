package password

import "clientele/internal/fault"

// The fields of which faults tell.
const (
	FieldPassword fault.Field = "password"
)

// The reasons that codes do not tell.
const (
	WhyText             fault.Reason = "no text"
	WhyShort            fault.Reason = "too short"
	WhyLong             fault.Reason = "too long"
	WhyLettersAndDigits fault.Reason = "not both letters and digits"
	WhyLetter           fault.Reason = "no letter"
	WhyLower            fault.Reason = "no lowercase letter"
	WhyUpper            fault.Reason = "no uppercase letter"
	WhyDigits           fault.Reason = "too few digits"
	WhySpecial          fault.Reason = "too few special characters"
)
