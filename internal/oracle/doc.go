// Package oracle decides conflicts a second time, slowly and by other means
// than packages volume and conflict, so that the two can be held against each
// other. It also makes the pairs to hold them against: see Generate, and the
// public set of hard cases, see RunHardCases.
//
// It takes the declared data of package volume only (vertices, radii,
// waypoints, bands, windows, buffers) and none of its measures. What it shares
// with the kernel is package geodesy's solution of the geodesic problems, which
// is tested against published vectors.
//
// # How it measures
//
// Every edge and leg is one whole geodesic, never cut into pieces, with the arc
// length or the time as parameter. The least distance of two of them over a
// convex patch of their two parameters is found by branch and bound. A patch is
// bounded from below by the distance and its gradient (the cosines of the
// angles at which the geodesic between the two points leaves and arrives) at one
// point, less what curvature can take away: where the Gaussian curvature is at
// most 1/b², b being the polar radius, the second derivative of the distance
// d along any straight line of the two arc lengths is at least -tan(d/2b)/b (the
// index form of the connecting geodesic compared with that of a sphere of radius
// b). The gradient has norm at most 1 in each arc length, so that the bound
// never falls below the plain Lipschitz one by more than that term. Patches are
// halved until the bracket is narrow enough, so every answer is an interval that
// holds the truth but for rounding (some 1e-8 m).
//
// Altitudes and times are compared as integers and exact rationals. Insides of
// areas are found by summing the azimuths under which a point sees the ring.
package oracle
