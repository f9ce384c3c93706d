"""The commands, one small file each; `stream_app.cli` puts them together."""
