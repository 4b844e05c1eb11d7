#!/bin/sh
# Two drone services meet in one node, from nothing. Needs deconflict and curl.
set -eu
port=${PORT:-8080}
node=$(mktemp -d)
here=$(dirname "$0")

# A node with a token issuer of its own, and a token for each of the two.
deconflict serve --data "$node" --listen "127.0.0.1:$port" --builtin-issuer 2>"$node.log" &
trap 'kill $! 2>/dev/null || :; wait $! || :; rm -r "$node" "$node.log"' EXIT
until grep -qs '^listening' "$node.log"; do
	kill -0 $! 2>/dev/null || { cat "$node.log" >&2; exit 1; }
	sleep 0.1
done
token() { deconflict token --data "$node" --party "$1" --scope utm.strategic_coordination --audience localhost; }
north=$(token north)
south=$(token south)
intents="localhost:$port/dss/v1/operational_intent_references"

echo "North declares a survey:"
curl -s -X PUT "$intents/1f0c3a52-7d0e-4c7b-9a51-5e0b8a3c1d11" \
	-H "Authorization: Bearer $north" -d "@$here/north.json" | tee "$node/north"

echo "South wants to fly through it:"
curl -s -X PUT "$intents/2a8e6b94-31c5-4f0a-8f3d-9b7c2e4d6f22" \
	-H "Authorization: Bearer $south" -d "@$here/south.json"

# North tells South the version of its plan, its OVN (from one USS to the other,
# over /uss/v1). South looks at the plan, sees that it can live with it, and
# says so by naming the OVN in its key.
ovn=$(sed 's/.*"ovn":"\([^"]*\)".*/\1/' "$node/north")
sed "s/\"key\": \[\]/\"key\": [\"$ovn\"]/" "$here/south.json" >"$node/south.json"
echo "South knows of North's plan and declares its own; it must now notify North:"
curl -s -X PUT "$intents/2a8e6b94-31c5-4f0a-8f3d-9b7c2e4d6f22" \
	-H "Authorization: Bearer $south" -d "@$node/south.json"
