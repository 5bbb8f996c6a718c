#!/bin/sh
# Makes the emulator's pictures: four loops of 24 s in pieces of 2 s, and stills.
# Needs Debian's ffmpeg and fonts-dejavu-core: apt-get install ffmpeg fonts-dejavu-core
#
# pattern.ts, pattern.m3u8: a test pattern with a running clock, and a tone; what an encoder sends
# second.ts, second.m3u8: colour bars that say SECOND, with a clock and a lower tone; a second input's encoder
# black.ts, black.m3u8: black and silence; what MediaLive shows without an input
# slate.ts, slate.m3u8: the product's slate, and silence; what MediaLive shows instead of black if it is asked to
# pattern-00.jpg …: a still of each piece; second.jpg, black.jpg, slate.jpg: one of each loop
#
# A piece begins with a keyframe and is 2 s long, as the product's encoding settings ask of MediaLive. 24 s
# are 1,125 frames of AAC at 48 kHz, so that sound and picture of a loop end together.
set -eu
cd "$(dirname "$0")"

LENGTH=24
FONT=/usr/share/fonts/truetype/dejavu/DejaVuSansMono-Bold.ttf
CLOCK="drawtext=fontfile=$FONT:text='%{pts\:hms}':fontsize=34:fontcolor=white:box=1:boxcolor=black@0.7:boxborderw=6:x=(w-tw)/2:y=h*0.62"
rm -f ./*.ts ./*.m3u8 ./*.jpg

loop() { # name, video source, audio source, frames a second, quality, bits of audio
  ffmpeg -hide_banner -loglevel error -y -bitexact -f lavfi -i "$2" -f lavfi -i "$3" -t $LENGTH \
    -map_metadata -1 -c:v libx264 -profile:v baseline -level 2.1 -preset veryslow -crf "$5" -pix_fmt yuv420p \
    -g $(($4 * 2)) -keyint_min $(($4 * 2)) -sc_threshold 0 -threads 1 \
    -c:a aac -b:a "$6" -ar 48000 -ac 1 \
    -f hls -hls_time 2 -hls_list_size 0 -hls_segment_type mpegts -hls_flags single_file+independent_segments \
    -hls_playlist_type vod -hls_segment_filename "$1.ts" "$1.m3u8"
}

loop pattern "testsrc2=size=384x216:rate=25,$CLOCK" "sine=frequency=440:beep_factor=2:sample_rate=48000" 25 33 32k
# Twelve frames a second: a loop takes less than 200 kB.
loop second "smptebars=size=384x216:rate=12,drawtext=fontfile=$FONT:text='SECOND':fontsize=40:fontcolor=white:box=1:boxcolor=black@0.7:x=(w-tw)/2:y=h*0.2,$CLOCK" \
  "sine=frequency=330:beep_factor=2:sample_rate=48000" 12 33 16k
loop slate "color=0x1F3A5F:size=384x216:rate=5" "anullsrc=channel_layout=mono:sample_rate=48000" 5 40 16k
loop black "color=black:size=384x216:rate=5" "anullsrc=channel_layout=mono:sample_rate=48000" 5 40 16k

ffmpeg -hide_banner -loglevel error -y -bitexact -i pattern.ts -vf "fps=1/2:start_time=0:round=down" -q:v 9 -start_number 0 pattern-%02d.jpg
for name in black slate; do
  ffmpeg -hide_banner -loglevel error -y -bitexact -i $name.ts -frames:v 1 -q:v 9 $name.jpg
done
ffmpeg -hide_banner -loglevel error -y -bitexact -f lavfi -i "smptebars=size=384x216:rate=1,drawtext=fontfile=$FONT:text='SECOND':fontsize=40:fontcolor=white:box=1:boxcolor=black@0.7:x=(w-tw)/2:y=(h-th)/2" -frames:v 1 -q:v 9 second.jpg
du -cb ./*.ts ./*.m3u8 ./*.jpg | tail -1
