//go:build ignore

// Gen_egm96 turns the EGM96 15-minute geoid grid in GTX form into the compact
// file that the package embeds:
//
//	go run gen_egm96.go /usr/share/proj/egm96_15.gtx egm96_15.bin
//
// GTX is a header of four big-endian float64 (south edge, west edge, latitude
// step, longitude step, in degrees) and two int32 (rows, columns), then rows of
// float32 metres from south to north. The heights are rounded to centimetres,
// replaced by their differences from the prediction left + below - below left,
// and written as compressed (deflate) zigzag varints.
package main

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"log"
	"math"
	"os"
)

type header struct {
	South, West, LatStep, LngStep float64
	Rows, Columns                 int32
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: gen_egm96 IN.gtx OUT.bin")
	}
	in, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	out, err := encode(in)
	if err != nil {
		log.Fatalf("%s: %v", os.Args[1], err)
	}
	if err := os.WriteFile(os.Args[2], out, 0o644); err != nil {
		log.Fatal(err)
	}
}

func encode(in []byte) ([]byte, error) {
	r := bytes.NewReader(in)
	var h header
	if err := binary.Read(r, binary.BigEndian, &h); err != nil {
		return nil, err
	}
	if want := (header{-90, -180, 0.25, 0.25, 721, 1440}); h != want {
		return nil, fmt.Errorf("header %+v, want %+v", h, want)
	}
	metres := make([]float32, h.Rows*h.Columns)
	if err := binary.Read(r, binary.BigEndian, metres); err != nil {
		return nil, err
	}
	if r.Len() != 0 {
		return nil, fmt.Errorf("%d bytes after the grid", r.Len())
	}

	width := int(h.Columns)
	below, row := make([]int64, width), make([]int64, width)
	var plain []byte
	for i := range int(h.Rows) {
		for j := range width {
			v := int64(math.Round(float64(metres[i*width+j]) * 100))
			if v < math.MinInt16 || v > math.MaxInt16 {
				return nil, fmt.Errorf("row %d column %d: %d cm does not fit 16 bits", i, j, v)
			}
			row[j] = v
			predicted := below[j]
			if j > 0 {
				predicted += row[j-1] - below[j-1]
			}
			plain = binary.AppendVarint(plain, v-predicted)
		}
		below, row = row, below
	}
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(plain); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
