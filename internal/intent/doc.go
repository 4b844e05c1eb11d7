// Package intent holds what parties say they will do, exactly, and judges it
// under the rules that are agreed.
//
// An intent is a claim with an owner. Each write is decided against everything
// that it comes near: others' intents under the minima of the pair, widened by
// how well both are assured; zones, dividing lines and protected sites; what
// is known by hearsay; and the coarse outlines of F3548-21, of which an accepted
// intent is a part.
//
//	state          what may follow
//	proposed       proposed, accepted, nonconforming, contingent, withdrawn
//	accepted       accepted, activated, nonconforming, contingent, displaced, withdrawn, ended
//	activated      activated, nonconforming, contingent, displaced, ended
//	displaced      accepted, nonconforming, contingent, withdrawn; ended once airborne
//	nonconforming  nonconforming, activated, contingent, ended
//	contingent     contingent, ended
//	ended          -
//	withdrawn      -
//
// Proposed means journalled, shown to its owner with what is in its way, and
// not a part of the airspace. Who was accepted earlier stands against equal and
// lower ranks. A higher rank is accepted over lower ones, which become
// displaced: they need a way out, the sooner if they are airborne. Who does not
// do what was declared (nonconforming, contingent) is never refused for others'
// sake: that would only hide it.
package intent
