# Installs luno-mcp-server on Windows: downloads a release, verifies the signature of its checksums and the checksum of the
# program, and only then puts it in place. Runs in Windows PowerShell 5.1 and later.
#
#   install.ps1 [-To FOLDER] [-From URL] [-Key KEY]
#
# FOLDER is %LOCALAPPDATA%\Programs\luno-mcp-server unless given. The installer of a release knows where its files are and which
# key signed them; any other one has to be told: the URL of the folder with the files, and the public key as
# MODULUS.EXPONENT in Base64.
param(
  [string]$From = '',
  [string]$Key = '',
  [string]$To = (Join-Path $env:LOCALAPPDATA 'Programs\luno-mcp-server')
)
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$Release = ''
$Version = ''
$ReleaseKey = ''

function Stop-Install([string]$Reason) {
  throw "Cannot install luno-mcp-server: $Reason"
}

function Test-Signature([byte[]]$Data, [byte[]]$Signature, [string]$PublicKey) {
  $parts = $PublicKey.Split('.')
  if ($parts.Length -ne 2) { Stop-Install 'expected a key as MODULUS.EXPONENT in Base64' }
  $parameters = New-Object System.Security.Cryptography.RSAParameters
  $parameters.Modulus = [Convert]::FromBase64String($parts[0])
  $parameters.Exponent = [Convert]::FromBase64String($parts[1])
  $rsa = [System.Security.Cryptography.RSA]::Create()
  try {
    $rsa.ImportParameters($parameters)
    $hash = [System.Security.Cryptography.HashAlgorithmName]::SHA256
    $padding = [System.Security.Cryptography.RSASignaturePadding]::Pkcs1
    return $rsa.VerifyData($Data, $Signature, $hash, $padding)
  } finally {
    $rsa.Dispose()
  }
}

if ($From -eq '') { $From = $Release }
if ($Key -eq '') { $Key = $ReleaseKey }
if ($From -eq '') { Stop-Install 'expected -From with the address of the release''s files' }
if ($Key -eq '') { Stop-Install 'expected -Key with the public key of the release' }
$From = $From.TrimEnd('/')
if ($From -notmatch '^(https://|http://(127\.0\.0\.1|localhost)[:/])[^@]*$') {
  Stop-Install "expected an address with https, without a user: current value is $From"
}
if ($env:PROCESSOR_ARCHITECTURE -ne 'AMD64') {
  Stop-Install "there is no program for Windows on $env:PROCESSOR_ARCHITECTURE"
}

$name = 'luno-mcp-server-windows-x64.exe'
$work = Join-Path ([IO.Path]::GetTempPath()) ([Guid]::NewGuid().ToString())
New-Item -ItemType Directory -Path $work | Out-Null
try {
  [Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor [Net.SecurityProtocolType]::Tls12
  foreach ($file in 'SHA256SUMS', 'SHA256SUMS.sig', $name) {
    Invoke-WebRequest -UseBasicParsing -Uri "$From/$file" -OutFile (Join-Path $work $file)
  }
  $sums = Join-Path $work 'SHA256SUMS'
  if (-not (Test-Signature ([IO.File]::ReadAllBytes($sums)) ([IO.File]::ReadAllBytes("$sums.sig")) $Key)) {
    Stop-Install 'the signature of SHA256SUMS is not of this key: the files may have been changed'
  }
  $expected = ''
  foreach ($line in [IO.File]::ReadAllLines($sums)) {
    $words = $line -split '  ', 2
    if ($words.Length -eq 2 -and $words[1] -ceq $name) { $expected = $words[0] }
  }
  if ($expected -eq '') { Stop-Install "the release has no $name" }
  $program = Join-Path $work $name
  $actual = (Get-FileHash -Algorithm SHA256 -Path $program).Hash.ToLowerInvariant()
  if ($actual -cne $expected) {
    Stop-Install "$name was changed: expected SHA-256 ${expected}: current value is $actual"
  }
  $found = & $program --version
  if ($LASTEXITCODE -ne 0) { Stop-Install "$name does not run on this system" }
  if ($Version -ne '' -and $found -ne $Version) { Stop-Install "expected version ${Version}: current value is $found" }
  New-Item -ItemType Directory -Force -Path $To | Out-Null
  Move-Item -Force -Path $program -Destination (Join-Path $To 'luno-mcp-server.exe')
  Write-Output "luno-mcp-server $found is installed in $To"
  if ($env:Path.Split(';') -notcontains $To) { Write-Output "$To is not in Path: add it, or use its full path" }
} finally {
  Remove-Item -Recurse -Force -Path $work
}
