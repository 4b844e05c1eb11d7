package bearer

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"
)

// words are spoken in challenges: common, and no two alike over a bad line.
var words = [64]string{
	"almond", "anchor", "badger", "balcony", "basket", "beacon", "bicycle", "blanket",
	"bottle", "bridge", "butter", "cabin", "camel", "candle", "canyon", "carpet",
	"castle", "chimney", "cinema", "cotton", "desert", "dolphin", "donkey", "eagle",
	"engine", "falcon", "forest", "garden", "giraffe", "guitar", "hammer", "harbour",
	"island", "jacket", "kettle", "kitchen", "ladder", "lantern", "lemon", "magnet",
	"market", "meadow", "mirror", "monkey", "morning", "mountain", "needle", "orange",
	"orchard", "paper", "pencil", "pepper", "pillow", "pumpkin", "rabbit", "river",
	"saddle", "shadow", "shoulder", "silver", "tiger", "velvet", "window", "yellow",
}

// newChallenge makes a challenge of four digits and two words out of a secret:
// one of some 40 million, so that neither a recording nor a guess answers it.
func newChallenge(secret string) string {
	h := sha256.Sum256([]byte("deconflict challenge\n" + secret))
	return fmt.Sprintf("%04d %s %s", binary.BigEndian.Uint32(h[:])%10_000, words[h[4]%64], words[h[5]%64])
}

// sameChallenge compares what was heard with what was said: by digits and
// letters alone.
func sameChallenge(said, heard string) bool { return bare(said) == bare(heard) }

func bare(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToLower(s))
}
