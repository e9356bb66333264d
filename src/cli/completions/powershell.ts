/** The completion script of PowerShell, 5.1 and later. */

import type { CompletedFlag, CompletionTable, Operand } from "./completion_table.ts";

/** Tables of quoted words, and one completer that searches them. */
export function powershellScript({ commands, tools }: CompletionTable): string {
  return `# PowerShell completion of luno-mcp-server
Register-ArgumentCompleter -Native -CommandName 'luno-mcp-server', 'luno-mcp-server.exe' -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  Set-StrictMode -Off
  $commands = [ordered]@{
${commands.map(({ name, summary }) => `    ${quoted(name)} = ${quoted(summary)}`).join("\n")}
  }
  # By flag: its help, then what it takes (<file>, <folder>, words, or nothing that is known); a switch has its help alone.
  $flags = @{
${commands.map(({ name, flags }) => `    ${quoted(name)} = [ordered]@{ ${flags.map(flagRow).join("; ")} }`).join("\n")}
  }
  $operands = @{
${commands.map(({ name, operands }) => `    ${quoted(name)} = @(${operands.map(operandRow).join(", ")})`).join("\n")}
  }
  $tools = [ordered]@{
${tools.map(({ name, title }) => `    ${quoted(name)} = ${quoted(title)}`).join("\n")}
  }
  $arguments = @{
${tools.map(({ name, words }) => `    ${quoted(name)} = ${array(words)}`).join("\n")}
  }
  $words = @($commandAst.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursorPosition } |
    Select-Object -Skip 1 | ForEach-Object { $_.Extent.Text })
  $command = 'serve'
  if ($words.Count -gt 0 -and $commands.Contains($words[0])) {
    $command = $words[0]
    $words = @($words | Select-Object -Skip 1)
  }
  elseif ($words.Count -eq 0 -and $wordToComplete -notlike '-*') { $command = '' }
  $tool = ''; $flag = ''; $operand = 0; $head = ''; $candidates = [ordered]@{}
  foreach ($word in $words) {
    if ($flag) { $flag = '' }
    elseif ($word -like '-*') { if (@($flags[$command][$word]).Count -gt 1) { $flag = $word } }
    else {
      $expected = @($operands[$command])[$operand]
      if ($expected -eq '<tool>') { $tool = $word }
      if ($expected -ne '<arguments>') { $operand++ }
    }
  }
  if (-not $flag -and $wordToComplete -match '^(--[^=]+)=') { $flag = $Matches[1]; $head = $Matches[0] }
  if ($command -eq '') { $candidates = $commands }
  elseif ($flag) {
    $values = @(@($flags[$command][$flag]) | Select-Object -Skip 1)
    $path = $wordToComplete.Substring($head.Length)
    if ($values[0] -eq '<file>') { return [Management.Automation.CompletionCompleters]::CompleteFilename($path) }
    if ($values[0] -eq '<folder>') {
      return [Management.Automation.CompletionCompleters]::CompleteFilename($path) |
        Where-Object { $_.ResultType -eq 'ProviderContainer' }
    }
    foreach ($value in $values) { if ($value) { $candidates[$value] = $value } }
  }
  elseif ($wordToComplete -like '-*') {
    foreach ($name in $flags[$command].Keys) { $candidates[$name] = @($flags[$command][$name])[0] }
  }
  else {
    $expected = @($operands[$command])[$operand]
    if ($expected -eq '<tool>') { $candidates = $tools }
    elseif ($expected -eq '<arguments>') { foreach ($word in $arguments[$tool]) { $candidates[$word] = $word } }
    elseif ($expected) { foreach ($word in $expected.Split('|')) { $candidates[$word] = $word } }
  }
  foreach ($entry in $candidates.GetEnumerator()) {
    $text = $head + $entry.Key
    if ($text.StartsWith($wordToComplete, [StringComparison]::OrdinalIgnoreCase)) {
      [Management.Automation.CompletionResult]::new($text, $entry.Key, 'ParameterValue', $entry.Value)
    }
  }
}
`;
}

function flagRow({ name, help, value }: CompletedFlag): string {
  if (value === undefined) return `${quoted(name)} = ${array([help])}`;
  const values = value.kind === "words" ? value.words : value.kind === "text" ? [""] : [`<${value.kind}>`];
  return `${quoted(name)} = ${array([help, ...values])}`;
}

function operandRow(operand: Operand): string {
  return quoted(typeof operand === "string" ? `<${operand}>` : operand.join("|"));
}

function array(words: readonly string[]): string {
  return `@(${words.map(quoted).join(", ")})`;
}

/** PowerShell treats typographic quotes like plain ones; doubling escapes them. */
function quoted(text: string): string {
  return `'${text.replaceAll(/['\u2018\u2019\u201a\u201b]/g, "$&$&")}'`;
}
