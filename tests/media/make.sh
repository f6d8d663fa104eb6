#!/usr/bin/env bash
# Makes the sample media beside this file, the same bytes on every run of one ffmpeg build (written for 5.1).
# Everything is synthetic: test pictures, tones and one line of text, so it may be shared freely.
set -euo pipefail
cd "$(dirname "$0")"
rm -rf clip.mp4 tones.m4a tones.mp3 cover.png captions.vtt hls dash
mkdir -p hls/encrypted hls/fragmented dash

PICTURE=(-f lavfi -i "testsrc2=size=480x270:rate=25:duration=8")
SOUND=(-f lavfi -i "aevalsrc=0.3*sin(2*PI*(220+55*floor(t))*t)|0.3*sin(2*PI*(330+55*floor(t))*t):s=44100:d=8")
EXACT=(-map_metadata -1 -fflags +bitexact -flags:v +bitexact -flags:a +bitexact)
# One thread, closed groups of two seconds: reproducible, and segments of equal length.
H264=(-c:v libx264 -threads 1 -preset medium -pix_fmt yuv420p -g 50 -keyint_min 50 -sc_threshold 0)
AAC=(-c:a aac -b:a 64k -ac 2)

run() { ffmpeg -nostdin -hide_banner -loglevel error -y "$@"; }

run "${PICTURE[@]}" "${SOUND[@]}" "${H264[@]}" -b:v 800k "${AAC[@]}" -shortest "${EXACT[@]}" -movflags +faststart clip.mp4
run "${SOUND[@]}" "${AAC[@]}" "${EXACT[@]}" tones.m4a
run "${SOUND[@]}" -c:a libmp3lame -b:a 64k "${EXACT[@]}" -id3v2_version 0 -write_xing 0 tones.mp3
run "${PICTURE[@]}" -frames:v 1 "${EXACT[@]}" cover.png

printf 'WEBVTT\n\n00:00.000 --> 00:04.000\nA test picture and two tones.\n\n00:04.000 --> 00:08.000\n测试图像与两个音调。\n' > captions.vtt

# HLS, first rendition: MPEG-TS segments encrypted with AES-128. The key is public on purpose: it protects nothing.
printf 'vodfast-test-key' > hls/encrypted/key.bin
key_info=$(mktemp)
trap 'rm -f "$key_info"' EXIT
printf 'key.bin\nhls/encrypted/key.bin\n000102030405060708090a0b0c0d0e0f\n' > "$key_info"
run "${PICTURE[@]}" "${SOUND[@]}" "${H264[@]}" -b:v 200k -s 320x180 "${AAC[@]}" -shortest "${EXACT[@]}" \
  -f hls -hls_time 2 -hls_playlist_type vod -hls_key_info_file "$key_info" \
  -hls_segment_filename hls/encrypted/seg%d.ts hls/encrypted/index.m3u8

# HLS, second rendition: fragmented MP4 with an init segment.
run "${PICTURE[@]}" "${SOUND[@]}" "${H264[@]}" -b:v 350k "${AAC[@]}" -shortest "${EXACT[@]}" \
  -f hls -hls_time 2 -hls_playlist_type vod -hls_segment_type fmp4 -hls_fmp4_init_filename init.mp4 \
  -hls_segment_filename hls/fragmented/seg%d.m4s hls/fragmented/index.m3u8

cat > hls/master.m3u8 <<'PLAYLIST'
#EXTM3U
#EXT-X-VERSION:7
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-STREAM-INF:BANDWIDTH=320000,RESOLUTION=320x180,CODECS="avc1.64000d,mp4a.40.2"
encrypted/index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=500000,RESOLUTION=480x270,CODECS="avc1.640015,mp4a.40.2"
fragmented/index.m3u8
PLAYLIST

# DASH: one picture and one sound representation, SegmentTemplate with a timeline.
run "${PICTURE[@]}" "${SOUND[@]}" "${H264[@]}" -b:v 250k -s 320x180 "${AAC[@]}" -shortest "${EXACT[@]}" \
  -f dash -seg_duration 2 -use_template 1 -use_timeline 1 \
  -init_seg_name 'init-$RepresentationID$.m4s' -media_seg_name 'chunk-$RepresentationID$-$Number$.m4s' dash/manifest.mpd
