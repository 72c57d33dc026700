#!/usr/bin/env bash
# infra/bicep.sh check|write: restores the Bicep compiler, and compares what is committed of the templates (compiled/, *.snapshot.json) with what
# they say, or writes it. It needs the .NET SDK alone: the compiler is a package of NuGet's, which holds it for Linux as one program.
set -euo pipefail
cd "$(dirname "$0")/.."
mode=${1:?check or write}
version=0.47.16
packages=$PWD/node_modules/.cache/nuget
project=$(mktemp -d)
trap 'rm -rf "$project"' EXIT
printf '<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup><ItemGroup><PackageDownload Include="Azure.Bicep.CommandLine.linux-x64" Version="[%s]" /></ItemGroup></Project>\n' "$version" >"$project/bicep.csproj"
dotnet restore --nologo --packages "$packages" "$project/bicep.csproj" || { printf 'the Bicep compiler could not be restored\n'; exit 1; }
infra/check-bicep.sh "$packages/azure.bicep.commandline.linux-x64/$version/tools/bicep" "$mode"
