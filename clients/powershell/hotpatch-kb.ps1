# Ask an export of hotpatch-kb whether this machine is patched. Windows PowerShell 5.1 and PowerShell 7.
# Not run in our CI, which has no PowerShell: a grammar of the language has read it, no more.
#
#     . .\hotpatch-kb.ps1
#     Test-HotpatchBuild -Export https://facts.example.com/hotpatch-kb/ -Build 26100.32772 -Product ws2025 -Line hotpatch
#     Get-HotpatchNext -Export https://facts.example.com/hotpatch-kb/ -Product ws2025
#     Get-HotpatchInventory | Export-Csv inventory.csv -NoTypeInformation   # then: hotpatch-kb assess inventory.csv
#
# What the export does not know is unknown, and after the last day on which its verdicts hold nothing is current (docs/export.md).

function Read-HotpatchExport {
    param([Parameter(Mandatory = $true)] [string] $Export, [Parameter(Mandatory = $true)] [string] $Name)
    if ($Export -match '^https?://') {
        try {
            return Invoke-RestMethod -Uri ($Export.TrimEnd('/') + '/' + $Name) -UseBasicParsing
        } catch {
            if ($_.Exception.Response -and [int] $_.Exception.Response.StatusCode -eq 404) { return $null }
            throw
        }
    }
    $path = Join-Path -Path $Export -ChildPath $Name
    if (Test-Path -LiteralPath $path) { return Get-Content -LiteralPath $path -Raw -Encoding UTF8 | ConvertFrom-Json }
    if (-not (Test-Path -LiteralPath (Join-Path -Path $Export -ChildPath 'index.json'))) { throw "expected an export with index.json, got $Export" }
    return $null
}

function New-HotpatchVerdict {
    param([string] $Verdict, [string] $Reason, $NextKb = $null, $NextNeedsRestart = $null, $MonthsBehind = $null)
    return [pscustomobject] @{ verdict = $Verdict; reason = $Reason; next_kb = $NextKb; next_needs_restart = $NextNeedsRestart; months_behind = $MonthsBehind }
}

function Test-HotpatchBuild {
    # Return whether a build is patched: verdict, reason, next_kb, next_needs_restart, months_behind.
    param(
        [Parameter(Mandatory = $true)] [string] $Export,
        [Parameter(Mandatory = $true)] [string] $Build,
        [string] $Product = '',
        [ValidateSet('', 'hotpatch', 'standard')] [string] $Line = '',
        [string[]] $Kbs = @(),
        [string] $Today = [DateTime]::UtcNow.ToString('yyyy-MM-dd', [Globalization.CultureInfo]::InvariantCulture)
    )
    $stated = $Build.Trim()
    $read = [regex]::Match($stated, '^(?:10\.0\.)?([0-9]{5}\.[0-9]{1,5})$')
    if (-not $read.Success) { throw "expected a build such as 26100.32772, got $stated" }
    $answer = Read-HotpatchExport -Export $Export -Name ('v1/builds/' + $read.Groups[1].Value + '.json')
    if ($null -eq $answer) { return New-HotpatchVerdict -Verdict 'unknown' -Reason "the export has no $stated" }
    $found = @($answer.matches | Where-Object { $Product -eq '' -or $_.product -ceq $Product })
    $installed = @($Kbs | ForEach-Object { $_.Trim().ToUpperInvariant() -replace '^(KB)?[ -]?', 'KB' })
    $named = @($found | Where-Object { $_.kb -and $installed -contains $_.kb })
    if ($named.Count -gt 0) { $found = $named }
    $judged = @($found | ForEach-Object { if ($Line -ne '' -and $null -ne $_.by_line) { $_.by_line.$Line } else { $_.verdict } })
    if ($judged.Count -eq 0 -or $judged.Count -ne $found.Count -or @($judged | Where-Object { $null -eq $_ }).Count -gt 0) {
        return New-HotpatchVerdict -Verdict 'unknown' -Reason "the export has no verdict for $stated $Product"
    }
    $first = $judged[0]
    if (@($judged | Where-Object { $_.verdict -cne $first.verdict -or $_.next_kb -cne $first.next_kb }).Count -gt 0) {
        $either = for ($place = 0; $place -lt $found.Count; $place++) { '{0} {1}: {2}' -f $found[$place].product, $found[$place].kb, $judged[$place].verdict }
        return New-HotpatchVerdict -Verdict 'ambiguous' -Reason ('it may be ' + ($either -join '; '))
    }
    $until = [string] $answer.valid_until
    if ($first.verdict -ceq 'current' -and ($until -eq '' -or [string]::CompareOrdinal($Today, $until) -gt 0)) {
        return New-HotpatchVerdict -Verdict 'unknown' -Reason "the verdicts of this export held until $until"
    }
    return New-HotpatchVerdict -Verdict $first.verdict -Reason $first.reason -NextKb $first.next_kb -NextNeedsRestart $first.next_needs_restart -MonthsBehind $first.months_behind
}

function Get-HotpatchNext {
    # Return the next restart of a product on each line; dates and whether they are expected or published; unseen_baseline is the day of a baseline
    # before it that was expected and that no source lists, newest_baseline the KB of the newest known one: a machine without them restarts for
    # them first.
    param([Parameter(Mandatory = $true)] [string] $Export, [Parameter(Mandatory = $true)] [string] $Product)
    if ($Product -cnotmatch '^[a-z0-9-]{3,40}$') { throw "expected the id of a product such as ws2025, got $Product" }
    $answer = Read-HotpatchExport -Export $Export -Name "v1/products/$Product.json"
    if ($null -eq $answer) { throw "the export has no product $Product" }
    foreach ($line in 'hotpatch', 'standard') {
        $restart = $answer.nextRestart.$line
        if ($null -ne $restart) {
            [pscustomobject] @{
                product = $Product; line = $line; month = $restart.month; date = $restart.date; is_expected = $restart.is_expected
                unseen_baseline = $restart.unseen_baseline.date; newest_baseline = $restart.newest_baseline.kb
                data_until = $answer.dataUntil.$line; valid_until = $answer.valid_until
            }
        }
    }
}

function Get-HotpatchInventory {
    # Return this machine as a row that hotpatch-kb assess reads: host, product, build, line, kbs, edition, vbs.
    $windows = Get-ItemProperty -LiteralPath 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion'
    $system = Get-CimInstance -ClassName Win32_OperatingSystem
    $kbs = @(Get-CimInstance -ClassName Win32_QuickFixEngineering | ForEach-Object { $_.HotFixID } | Where-Object { $_ -match '^KB[0-9]{6,7}$' } | Sort-Object -Unique)
    $guard = Get-CimInstance -Namespace 'root\Microsoft\Windows\DeviceGuard' -ClassName Win32_DeviceGuard -ErrorAction SilentlyContinue
    $policy = Get-ItemProperty -LiteralPath 'HKLM:\SOFTWARE\Microsoft\PolicyManager\current\device\Update' -Name 'AllowRebootlessUpdates' -ErrorAction SilentlyContinue
    $line = ''
    if ($null -ne $policy -and $policy.AllowRebootlessUpdates -eq 1) { $line = 'hotpatch' }
    $vbs = ''
    if ($null -ne $guard) { $vbs = [string] ($guard.VirtualizationBasedSecurityStatus -eq 2) }
    [pscustomobject] @{
        host = [Environment]::MachineName; product = $system.Caption; build = '{0}.{1}' -f $windows.CurrentBuildNumber, $windows.UBR; line = $line
        kbs = ($kbs -join ';'); edition = $windows.EditionID; vbs = $vbs
    }
}
