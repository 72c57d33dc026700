#!/usr/bin/env bash
# infra/check-bicep.sh BICEP write|check: builds and lints every template and sample without a warning, and writes what is committed of them
# (compiled/, *.snapshot.json), or compares it.
set -uo pipefail
bicep=$(realpath "$1")
mode=$2 failed=0
cd "$(dirname "$0")" || exit
work=$(mktemp -d)
# What the samples ask for: where the image of the container apps is.
export LONGSHORE_IMAGE=ghcr.io/example/longshore:1
trap 'rm -rf "$work"' EXIT
fault() { printf '%s\n' "$1"; failed=1; }

quiet() { # command …: succeeds, and says nothing
  local said
  said=$("$@" 2>&1 >/dev/null) || { fault "$said"; return; }
  [ -z "$said" ] || fault "$said"
}

for template in main subscriptions; do
  quiet "$bicep" lint "$template.bicep"
  "$bicep" build "$template.bicep" --outfile "$work/$template.json" 2>/dev/null || fault "$template.bicep does not build"
  if [ "$mode" = write ]; then mkdir -p compiled && cp "$work/$template.json" compiled/; fi
  cmp -s "$work/$template.json" "compiled/$template.json" || fault "compiled/$template.json is not what $template.bicep says: run infra/check-bicep.sh BICEP write"
done
for sample in *.bicepparam; do
  quiet "$bicep" lint "$sample"
  quiet "$bicep" build-params "$sample" --stdout
  # Ids of nobody: what is compared is what would be deployed, not where.
  "$bicep" snapshot "$sample" --mode "$([ "$mode" = write ] && echo overwrite || echo validate)" --subscription-id 00000000-0000-0000-0000-000000000000 --tenant-id 00000000-0000-0000-0000-000000000000 --resource-group longshore --deployment-name longshore >"$work/said" 2>&1 || { cat "$work/said"; fault "$sample would deploy something else than ${sample%.bicepparam}.snapshot.json"; }
  ! grep -q Warning "$work/said" || fault "$(cat "$work/said")"
done
exit "$failed"
