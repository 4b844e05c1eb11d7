// Package incident holds incidents, with each party's account beside the other's.
//
// An incident opens itself when separation was lost, somebody called STOP, a
// rule was broken or a site was harmed, and when a crew says so. What was known
// then is frozen as entries of the journal with their hashes. After that each
// party gives its own account, which nobody else can change; facts, causes and
// recommendations are agreed when every party involved agrees to them, and
// otherwise stand as disputed. There is no field for blame or motive.
package incident
